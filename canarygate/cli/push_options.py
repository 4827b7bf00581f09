"""The options of the push, and the settings that they add up to."""

from collections.abc import Mapping

from canarygate.cli import values
from canarygate.cli.options import Option, Settings
from canarygate.settings import PushSettings

PUSHGATEWAY_URL = Option(
    name="pushgateway_url",
    metavar="URL",
    help="Push the series there. Credentials: PUSH_USERNAME with PUSH_PASSWORD or PUSH_PASSWORD_FILE, "
    "or PUSH_TOKEN or PUSH_TOKEN_FILE; PUSH_CA_FILE.",
)
PUSH_TIMEOUT = Option(
    name="push_timeout",
    metavar="TIME",
    default="20s",
    read=values.some_time,
    help="For the whole push, retries included.",
)
PRUNE_AFTER = Option(
    name="prune_after",
    metavar="TIME",
    default="24h",
    read=values.some_time,
    help="Groups of the same service older than this are deleted.",
)
REQUIRE_PUSH = Option(
    name="require_push",
    is_switch=True,
    has_off=True,
    help="A push that fails ends with exit code 4.  [default: required when a URL is given]",
)
PUSH_ENDPOINTS = Option(
    name="push_endpoints", is_switch=True, help="Push the series of each endpoint too."
)
PUSH = (PUSHGATEWAY_URL, PUSH_TIMEOUT, PRUNE_AFTER, REQUIRE_PUSH, PUSH_ENDPOINTS)


def read_push_settings(settings: Settings, environ: Mapping[str, str]) -> PushSettings | None:
    """Where to push; None when nothing is to be pushed, or `settings.problems` says why not."""
    url = settings["pushgateway_url"]
    required = settings["require_push"]
    if not url:
        if required:
            settings.problems.append(
                f"{REQUIRE_PUSH.label} is given without {PUSHGATEWAY_URL.label}; give both or neither"
            )
        return None
    from push_metrics.address import address_problems
    from push_metrics.credentials import read_credentials

    credentials = read_credentials(environ)
    push = PushSettings(
        url=url,
        timeout_seconds=settings["push_timeout"] or 20.0,
        prune_after_seconds=settings["prune_after"] or 86400.0,
        required=required is not False,
        endpoints=bool(settings["push_endpoints"]),
        username=credentials.username,
        password=credentials.password,
        token=credentials.token,
        ca_file=credentials.ca_file,
    )
    settings.problems += credentials.problems
    settings.problems += [f"{PUSHGATEWAY_URL.label}: {each}" for each in address_problems(push)]
    return push
