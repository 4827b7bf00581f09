"""What the shop sells: the same few hundred products every time, and a search that reads them."""

from dataclasses import dataclass
from functools import lru_cache

TRAITS = (
    "Wireless",
    "Compact",
    "Foldable",
    "Silent",
    "Waterproof",
    "Recycled",
    "Classic",
    "Solar",
    "Heavy-Duty",
    "Children's",
    "Travel",
    "Smart",
)
THINGS = {
    "audio": ("Headphones", "Speaker", "Microphone", "Earbuds", "Record Player"),
    "office": ("Keyboard", "Mouse", "Desk Lamp", "Monitor Stand", "Label Printer"),
    "kitchen": ("Kettle", "Blender", "Toaster", "Coffee Grinder", "Food Scale"),
    "outdoors": ("Backpack", "Tent", "Head Torch", "Camp Stove", "Water Filter"),
    "home": ("Doorbell", "Thermostat", "Vacuum Cleaner", "Air Purifier", "Alarm Clock"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One thing on sale; its price in cents, so that totals are exact."""

    product_id: int
    name: str
    category: str
    price_cents: int
    stock: int

    def document(self) -> dict[str, object]:
        """As the API shows it."""
        return {
            "id": self.product_id,
            "name": self.name,
            "category": self.category,
            "price": self.price_cents / 100,
            "currency": "EUR",
            "stock": self.stock,
            "description": f"{self.name}: a reliable choice in {self.category}.",
        }


def _build_products() -> dict[int, Product]:
    pairs = [(thing, shelf) for shelf, things in THINGS.items() for thing in things]
    named = [(f"{trait} {thing}", shelf) for thing, shelf in pairs for trait in TRAITS]
    return {
        number: Product(
            product_id=number,
            name=name,
            category=shelf,
            # A stride prime to the span gives varied prices without a generator.
            price_cents=499 + (number * 7919) % 29_500,
            stock=5 + (number * 31) % 90,
        )
        for number, (name, shelf) in enumerate(named, start=1)
    }


PRODUCTS = _build_products()
_HAYSTACKS = {
    number: f"{product.name} {product.category}".lower() for number, product in PRODUCTS.items()
}


@lru_cache(maxsize=256)
def search_products(query: str) -> tuple[Product, ...]:
    """Every product whose name or category holds all the terms, in the order of the catalogue."""
    terms = query.lower().split()
    return tuple(
        PRODUCTS[number]
        for number, haystack in _HAYSTACKS.items()
        if all(term in haystack for term in terms)
    )
