"""Memory in people's words."""

from canarygate.judge.memory_growth import Growth


def size(number: float) -> str:
    """Bytes → `512 MiB`."""
    return (
        f"{number / 2**20:,.3g} MiB" if abs(number) < 1000 * 2**20 else f"{number / 2**30:.3g} GiB"
    )


def duration(seconds: float) -> str:
    """90 → `90 s`, 600 → `10 min`, 7200 → `2 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def after(seconds: float) -> str:
    """When something came to pass."""
    return f"{max(0.0, seconds):.0f} s after the load began"


def grows(growth: Growth, left: float | None, *, beside: bool = False) -> str:
    """That it does, how fast, and when it is there."""
    who = f"the canary's {growth.pod}" if growth.pod else "the canary"
    reach = (
        ""
        if left is None
        else f" and reaches its limit of {size(growth.limit)} in {duration(left)}"
    )
    more = ""
    if beside and growth.beside is not None:
        more = f"; that is {size(growth.beside.slope)}/s more than stable's"
    return f"memory of {who} grows {size(growth.whole.slope)}/s{reach}{more}"


def keeps(growth: Growth) -> str:
    """That it does not, on what ground."""
    who = f"the canary's {growth.pod}" if growth.pod else "the canary"
    return (
        f"memory of {who} does not surely grow towards its limit: {size(growth.last)} of "
        f"{size(growth.limit)}, changing {size(growth.whole.slope)}/s, "
        f"{growth.samples} samples over {growth.span:.0f} s"
    )
