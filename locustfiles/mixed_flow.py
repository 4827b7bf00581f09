"""All shoppers together: `locust -f locustfiles/mixed_flow.py -H https://shop.example`.

Their weights, 5 browsing to 3 searching to 2 buying, give one of each class from three users on,
and 10, 6 and 4 of twenty. With 6 to 3 to 1 Locust would give three users no one who buys.
"""

from browse_flow import BrowseUser
from checkout_flow import CheckoutUser
from search_flow import SearchUser

__all__ = ["BrowseUser", "CheckoutUser", "SearchUser"]
