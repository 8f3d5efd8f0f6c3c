"""Which sector a symbol belongs to, and which symbols are one index.

Sectors are those of the Global Industry Classification Standard as they stood in August 2026, of the symbols
whose options trade most. The table is no feed: a company that is moved to another sector is moved here by
hand, or in the settings (`strikewise.risk.governor.Governor.sectors`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["INDEX_FAMILIES", "SECTORS", "family_of", "sector_of"]

INDEX_FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "S&P 500": ("SPX", "SPY", "XSP", "VOO", "IVV", "SPLG"),
        "Nasdaq 100": ("NDX", "QQQ", "QQQM", "XND"),
        "Russell 2000": ("RUT", "IWM", "MRUT", "VTWO"),
        "Dow Jones": ("DJX", "DIA"),
    }
)
"""An index and the funds on it: one underlying for concentration, and one past where a symbol has none."""

_TABLE: Mapping[str, str] = {
    "Information technology": (
        "AAPL ACN ADBE ADI AMAT AMD ANET APP AVGO CRM CRWD CSCO DELL IBM INTC INTU KLAC LRCX MRVL MSFT MSTR "
        "MU NOW NVDA ORCL PANW PLTR QCOM SHOP SMCI SNOW TSM TXN SMH SOXX XLK"
    ),
    "Communication services": "CMCSA DIS EA GOOG GOOGL META NFLX SNAP SPOT T TMUS VZ WBD XLC",
    "Consumer discretionary": (
        "ABNB AMZN BABA BKNG CCL CMG CVNA DASH F GM HD LOW LULU MCD MELI NKE RIVN ROST SBUX TJX TSLA XLY"
    ),
    "Consumer staples": "CL COST DG DLTR EL KHC KMB KO MDLZ MO PEP PG PM TGT WMT XLP",
    "Energy": "COP CVX DVN EOG HAL MPC OXY PSX SLB VLO XOM XLE",
    "Financials": (
        "AFRM AIG AXP BAC BLK BRK-B BX C COF COIN GS HOOD JPM MA MS PNC PYPL SCHW SOFI USB V WFC KRE XLF"
    ),
    "Health care": "ABBV ABT AMGN BMY CVS DHR ELV GILD HUM ISRG JNJ LLY MDT MRK MRNA PFE TMO UNH XBI XLV",
    "Industrials": "AAL BA CAT DAL DE ETN FDX GE GEV HON LMT MMM NOC RTX UAL UBER UNP UPS XLI",
    "Materials": "ALB CLF DOW FCX LIN NEM NUE SHW X GDX XLB",
    "Real estate": "AMT CCI EQIX O PLD SPG VNQ XLRE",
    "Utilities": "AEP CEG D DUK EXC NEE SO VST XLU",
    "Gold": "GLD IAU",
    "Silver": "SLV",
    "Oil": "BNO USO",
    "Government bonds": "IEF SHY TLT TLTW",
    "Bonds": "AGG BND HYG LQD",
    "Volatility": "UVXY VIX VXX",
    "Emerging markets": "EEM FXI KWEB VWO",
    "Korea": "EWY",
}

SECTORS: Mapping[str, str] = MappingProxyType(
    {
        **{symbol: sector for sector, symbols in _TABLE.items() for symbol in symbols.split()},
        **{symbol: family for family, symbols in INDEX_FAMILIES.items() for symbol in symbols},
    }
)
"""Sectors by symbol; a broad index is a sector of its own."""

_FAMILY = {symbol: family for family, symbols in INDEX_FAMILIES.items() for symbol in symbols}


def sector_of(symbol: str, further: Mapping[str, str] | None = None) -> str:
    """Return a symbol's sector: what the settings say, else the table; unknown, it is one by itself."""
    return (further or {}).get(symbol) or SECTORS.get(symbol, symbol)


def family_of(symbol: str) -> str:
    """Return what a symbol is one with: its index, or itself."""
    return _FAMILY.get(symbol, symbol)
