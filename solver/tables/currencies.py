"""Which currency codes exist: ISO 4217, and the coins that other coins are quoted in."""

from __future__ import annotations

ISO_CURRENCIES: tuple[str, ...] = (
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD",
    "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF",
    "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN",
    "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD",
    "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES",
    "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL",
    "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN",
    "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP",
    "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK",
    "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT",
    "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VES", "VND",
    "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG",
)  # fmt: skip
"""The active codes of ISO 4217 that name money (no funds, metals or test codes)."""

OFFSHORE_CURRENCIES: tuple[str, ...] = ("CNH",)
"""Codes outside the standard in which brokers nevertheless keep cash."""

QUOTE_COINS: tuple[str, ...] = (
    "BTC", "ETH", "USDC", "USDT", "USDG", "PYUSD", "RLUSD", "DAI", "EURC", "CRO",
)  # fmt: skip
"""Coins that crypto pairs are quoted in."""

COMMON_CURRENCIES: tuple[str, ...] = (
    "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "HKD", "SGD", "CNY", "CNH",
    "PLN", "CZK", "HUF", "MXN", "BRL", "INR", "KRW", "ZAR", "ILS", *QUOTE_COINS,
)  # fmt: skip
"""Those that a mistyped code is likely to mean: among three letters the closest of all codes seldom is."""

KNOWN_CURRENCIES: frozenset[str] = frozenset(ISO_CURRENCIES + OFFSHORE_CURRENCIES + QUOTE_COINS)
