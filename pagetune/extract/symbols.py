"""Read the letters of symbol fonts as the symbols that they show: "m" in Wingdings is ❍."""

#: For each font, the letters of its codes and the symbols that they show, as far as lists and tables use them. Source:
#: the mapping of Unicode document L2/12-368; the arrows of Wingdings 3 as a real page shows them.
_SYMBOLS = {
    "Wingdings": dict(
        zip(
            "lmnopqrsuvwØÜàèðüýþ§¨\x9f¡¤Fû",
            "●❍■□❐❑❒⬧◆❖⬥➢➲→➔⇨✔☒☑▪◻•○◉☞✘",
            strict=True,
        )
    ),
    "Wingdings2": dict(zip("¢£POR", "■□✓✗☑", strict=True)),
    "Wingdings3": dict(zip("\x93\x94", "↑↓", strict=True)),
}


def as_shown(text: str, font: str) -> str:
    """Return a word of one letter as its font shows it. The font may be a subset, such as "ABCDEF+Wingdings"."""
    name = font.rpartition("+")[2].replace(" ", "").removesuffix("-Regular").removesuffix("MT")
    return _SYMBOLS.get(name, {}).get(text, text)
