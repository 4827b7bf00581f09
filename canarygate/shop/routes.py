"""The shop's addresses, and the one name that each has in faults and series."""

PRODUCTS = "/api/products"
PRODUCT = "/api/products/:id"
CART = "/api/cart/items"
CHECKOUT = "/api/checkout"
ORDER = "/api/orders/:id"
OTHER = "other"
HEALTH = "/healthz"
READY = "/readyz"
METRICS = "/metrics"

SHOP_ROUTES = (PRODUCTS, PRODUCT, CART, CHECKOUT, ORDER, OTHER)
"""What customers ask for: counted in http_requests_total, and within reach of faults."""
OPERATION_ROUTES = (HEALTH, READY, METRICS)
"""What the platform asks for: never counted, and touched by no fault but a freeze."""

_EXACT = {path: path for path in (PRODUCTS, CART, CHECKOUT, *OPERATION_ROUTES)}
_PREFIXES = ((PRODUCT.removesuffix(":id"), PRODUCT), (ORDER.removesuffix(":id"), ORDER))


def match_route(path: str) -> tuple[str, str]:
    """A path → its route and the id in it, if any; every unknown path is the one route `other`."""
    if path in _EXACT:
        return path, ""
    for prefix, route in _PREFIXES:
        key = path.removeprefix(prefix)
        if key and key != path and "/" not in key:
            return route, key
    return OTHER, ""
