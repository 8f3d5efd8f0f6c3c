"""The vendor's kit, imported without the warning that a library below it gives."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from alpaca.common.exceptions import APIError
    from alpaca.data.enums import Adjustment
    from alpaca.data.historical import OptionHistoricalDataClient, StockHistoricalDataClient
    from alpaca.data.requests import (
        OptionChainRequest,
        OptionLatestQuoteRequest,
        OptionSnapshotRequest,
        StockBarsRequest,
        StockLatestQuoteRequest,
        StockLatestTradeRequest,
        StockSnapshotRequest,
    )
    from alpaca.data.timeframe import TimeFrame
    from alpaca.trading.client import TradingClient
    from alpaca.trading.enums import (
        OrderClass,
        OrderSide,
        OrderStatus,
        PositionIntent,
        QueryOrderStatus,
        TimeInForce,
    )
    from alpaca.trading.requests import (
        GetCalendarRequest,
        GetOptionContractsRequest,
        GetOrdersRequest,
        LimitOrderRequest,
        MarketOrderRequest,
        OptionLegRequest,
        ReplaceOrderRequest,
    )
    from alpaca.trading.stream import TradingStream

__all__ = [
    "APIError",
    "Adjustment",
    "GetCalendarRequest",
    "GetOptionContractsRequest",
    "GetOrdersRequest",
    "LimitOrderRequest",
    "MarketOrderRequest",
    "OptionChainRequest",
    "OptionHistoricalDataClient",
    "OptionLatestQuoteRequest",
    "OptionLegRequest",
    "OptionSnapshotRequest",
    "OrderClass",
    "OrderSide",
    "OrderStatus",
    "PositionIntent",
    "QueryOrderStatus",
    "ReplaceOrderRequest",
    "StockBarsRequest",
    "StockHistoricalDataClient",
    "StockLatestQuoteRequest",
    "StockLatestTradeRequest",
    "StockSnapshotRequest",
    "TimeFrame",
    "TimeInForce",
    "TradingClient",
    "TradingStream",
]
