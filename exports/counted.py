"""How many of something, in sentences that only staff and shells are told: 1 export, 2,000 exports."""


def counted(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
