"""The seeded, bilingual shop: goods, sessions, and the truth behind them."""

from workbench.datasets.synthetic.shop.generator import ShopTruth, shop, shop_truth

__all__ = ["ShopTruth", "shop", "shop_truth"]
