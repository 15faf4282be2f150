"""Grids of known cell texts, drawn at random: fees, schedules, contacts, specifications, budgets; some are English.

A grid marks what a merged cell covers: LEFT belongs to the cell on its left, UP to the one above.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

LEFT, UP = "<", "^"
Grid = list[list[str]]

FAMILY, GIVEN = (
    "김이박최정강조윤장임한오서신권황",
    ("민준", "서연", "도윤", "지우", "하은", "준서", "수아", "현우", "예린"),
)
ROADS = ("세종대로", "테헤란로", "한밭대로", "중앙로", "대학로", "번영로")


@dataclass(frozen=True)
class Domain:
    """What tables of one kind of document hold: the first column's header and keys, and the other columns' texts."""

    captions: tuple[str, ...]
    key: str
    keys: tuple[str, ...]
    columns: tuple[tuple[str, Callable[[Random], str]], ...]


def _money(random: Random) -> str:
    return f"{random.randrange(3, 900) * 500:,}원"


def _millions(random: Random) -> str:
    return f"{random.randrange(20, 9000):,}"


def _percent(random: Random) -> str:
    return f"{random.uniform(-20, 20):.1f}%"


def _name(random: Random) -> str:
    return random.choice(FAMILY) + random.choice(GIVEN)


def _phone(random: Random) -> str:
    return f"0{random.choice((2, 31, 42, 51))}-{random.randrange(200, 999)}-{random.randrange(1000, 9999)}"


def _mail(random: Random) -> str:
    return f"{random.choice(('help', 'info', 'work', 'edu'))}{random.randrange(10, 99)}@saesol.or.kr"


def _hours(random: Random) -> str:
    start = random.randrange(9, 16)
    return f"{start:02}:{random.choice(('00', '30'))}~{start + 2:02}:00"


def _date(random: Random) -> str:
    return f"2024. {random.randrange(1, 13)}. {random.randrange(1, 29)}."


def _seats(random: Random) -> str:
    return f"{random.randrange(10, 60)}명"


def _place(random: Random) -> str:
    return f"{random.choice(('본관', '별관', '연수동'))} {random.randrange(1, 9)}층 {random.randrange(101, 130)}호"


def _address(random: Random) -> str:
    return f"{random.choice(ROADS)} {random.randrange(3, 400)}"


def _one_of(*texts: str) -> Callable[[Random], str]:
    return lambda random: random.choice(texts)


KOREAN = (
    Domain(
        ("이용 요금", "회원별 요금표", "시설 사용료"),
        "구분",
        (
            "일반 회원",
            "학생 회원",
            "단체 회원",
            "법인 회원",
            "임시 회원",
            "경로 우대",
            "평생 회원",
            "가족 회원",
            "장애인",
        ),
        (
            ("연회비", _money),
            ("이용 기간", _one_of("7일", "14일", "30일", "90일", "1년")),
            ("보증금", _money),
            ("환불", _one_of("전액", "반액", "불가", "일할 계산")),
            ("납부 방법", _one_of("계좌 이체", "카드", "지로", "현금")),
        ),
    ),
    Domain(
        ("교육 일정", "강의 시간표", "연수 과정 운영 계획"),
        "과정",
        ("회계 기초", "자료 분석", "개인정보 보호", "계약 실무", "안전 관리", "문서 작성", "민원 응대", "법령 해설"),
        (
            ("날짜", _date),
            ("시간", _hours),
            ("강사", _name),
            ("강의실", _place),
            ("정원", _seats),
        ),
    ),
    Domain(
        ("담당 부서 연락처", "지역 사무소 안내", "비상 연락망"),
        "부서",
        ("총무팀", "재무팀", "인사팀", "정보팀", "시설팀", "홍보팀", "감사실", "고객센터", "연구소", "법무팀"),
        (("담당자", _name), ("전화", _phone), ("전자우편", _mail), ("위치", _place), ("주소", _address)),
    ),
    Domain(
        ("제품 사양", "장비 규격", "모델별 비교"),
        "모델",
        ("SA-110", "SA-220", "SB-300", "SB-450", "SC-500", "SC-720", "SD-800", "SD-910", "SE-001"),
        (
            ("전원", _one_of("220V/60Hz", "DC 12V", "DC 24V", "AC 110V")),
            ("무게", lambda random: f"{random.uniform(1, 40):.1f}kg"),
            ("크기(mm)", lambda random: f"{random.randrange(90, 900)}×{random.randrange(90, 900)}"),
            ("보증", _one_of("1년", "2년", "3년")),
            ("가격", _money),
        ),
    ),
    Domain(
        ("사업별 예산", "연도별 집행 실적", "세출 예산 요구"),
        "사업명",
        ("시설 보수", "정보화", "인력 양성", "연구 지원", "국제 협력", "홍보", "민원 개선", "도서 구입", "예비비"),
        (
            ("전년도", _millions),
            ("금년도", _millions),
            ("증감률", _percent),
            ("집행액", _millions),
            ("잔액", _millions),
        ),
    ),
)
ENGLISH = Domain(
    ("Membership fees", "Opening hours", "Shipping rates"),
    "Item",
    ("Standard", "Student", "Group", "Corporate", "Trial", "Senior", "Lifetime", "Family"),
    (
        ("Fee", lambda random: f"${random.randrange(5, 900)}.00"),
        ("Period", _one_of("7 days", "30 days", "90 days", "1 year")),
        ("Refund", _one_of("full", "half", "none", "pro rata")),
        ("Contact", lambda random: f"ext. {random.randrange(100, 999)}"),
        ("Deposit", lambda random: f"${random.randrange(5, 90)}.50"),
    ),
)

SENTENCES = (
    "신청서를 낸 날부터 7일 안에 결과를 전자우편으로 알린다.",
    "이용자가 기기를 잃어버린 때에는 지체 없이 사무국에 알려야 하며, 사무국은 사용을 멈추게 한다.",
    "보증금은 계약이 끝난 날부터 14일 안에 신청한 계좌로 돌려준다.",
    "단체는 10명 이상으로 하고, 인솔자 1명의 요금은 받지 않는다.",
    "예약을 바꾸려면 이용일 3일 전까지 전화나 누리집으로 신청한다. 당일에는 바꿀 수 없다.",
    "서류가 빠진 경우 보완을 요구하며, 정해진 기한까지 내지 않으면 신청을 되돌린다.",
    "시설을 훼손한 때에는 원래대로 되돌리는 데 드는 비용을 부담한다.",
    "위원회는 위원장 1명을 포함한 9명의 위원으로 구성하고, 회의는 분기마다 연다.",
    "개인정보는 목적을 이룬 뒤 지체 없이 파기하고, 그 기록을 3년 동안 보관한다.",
    "수수료의 절반을 감면받으려면 증명서를 함께 내야 한다.",
    "휴관일은 매월 둘째 월요일과 법정 공휴일이며, 바뀌면 누리집에 미리 알린다.",
    "사고가 나면 안내 방송에 따라 가까운 비상구로 나간다.",
)
FORM = (
    ("신청인", _name),
    ("생년월일", lambda random: f"19{random.randrange(60, 99)}. {random.randrange(1, 13)}. {random.randrange(1, 29)}."),
    ("주소", _address),
    ("연락처", _phone),
    ("전자우편", _mail),
    ("신청일", _date),
    ("신청 과정", _one_of("회계 기초", "자료 분석", "계약 실무")),
    ("납부액", _money),
    ("접수 부서", _one_of("총무팀", "고객센터", "시설팀")),
    ("담당자", _name),
    ("이용 장소", _place),
    ("이용 시간", _hours),
)


def choose_domain(random: Random) -> Domain:
    """Return a Korean domain, or in one of eight cases the English one."""
    return ENGLISH if random.random() < 1 / 8 else random.choice(KOREAN)


def plain_grid(random: Random, domain: Domain, rows: int, columns: int = 0) -> Grid:
    """Return a header and `rows` rows, at most one for each key; without `columns` it has 3 to 5 of them."""
    width = (columns or random.randrange(3, 6)) - 1
    chosen = sorted(random.sample(range(len(domain.columns)), width))
    header = [domain.key, *(domain.columns[index][0] for index in chosen)]
    keys = random.sample(domain.keys, min(rows, len(domain.keys)))
    return [header, *([key, *(domain.columns[index][1](random) for index in chosen)] for key in keys)]


def long_grid(random: Random, domain: Domain, rows: int) -> Grid:
    """Return a grid of any length; its keys are numbered."""
    header, *_ = plain_grid(random, domain, 1)
    texts = dict(domain.columns)
    keys = [f"{random.choice(domain.keys)} {number}" for number in range(1, rows + 1)]
    return [header, *([key, *(texts[name](random) for name in header[1:])] for key in keys)]


def merged_rows(random: Random, domain: Domain) -> Grid:
    """Return groups of rows under one key; in some groups the last two rows share their last cell too."""
    header, *rows = plain_grid(random, domain, random.randrange(6, 9), 4)
    groups = random.sample(("제1군", "제2군", "제3군", "수도권", "지방", "기타"), 3)
    sizes = (2, 3, len(rows) - 5)
    grid = [["분류", *header]]
    for group, size in zip(groups, sizes, strict=True):
        grid += [[group if index == 0 else UP, *rows.pop()] for index in range(size)]
        if size > 1 and random.random() < 0.5:
            grid[-1][-1] = UP
    return grid


def merged_columns(random: Random, domain: Domain) -> Grid:
    """Return a grid in whose total row, and in one other row, a cell covers several columns."""
    grid = plain_grid(random, domain, random.randrange(4, 7), 5)
    row = random.randrange(1, len(grid))
    grid[row][2:] = [random.choice(("별도 문의", "운영하지 않음", "추후 공지", "면제")), LEFT, LEFT]
    return [*grid, ["합계", LEFT, LEFT, f"{random.randrange(10, 900):,}", LEFT]]


def two_row_header(random: Random, domain: Domain) -> Grid:
    """Return a grid with two groups of columns, each with a header above two columns."""
    names = random.choice((("계획", "실적"), ("인원", "금액"), ("평일", "주말")))
    groups = random.choice((("2023년", "2024년"), ("상반기", "하반기"), ("본관", "별관")))
    keys = random.sample(domain.keys, random.randrange(3, 7))
    body = [[key, *(_millions(random) for _ in range(4))] for key in keys]
    return [[domain.key, groups[0], LEFT, groups[1], LEFT], [UP, *names, *names], *body]


def turned(random: Random, domain: Domain) -> Grid:
    """Return a grid whose header is its first column."""
    return [list(column) for column in zip(*plain_grid(random, domain, random.randrange(2, 4)), strict=True)]


def form(random: Random) -> Grid:
    """Return labels and values side by side; the last row is a label with a sentence over the rest."""
    fields = random.sample(FORM, 2 * random.randrange(2, 6))
    cells = [text for label, make in fields for text in (label, make(random))]
    return [
        *(cells[start : start + 4] for start in range(0, len(cells), 4)),
        ["비고", random.choice(SENTENCES), LEFT, LEFT],
    ]


def key_values(random: Random) -> Grid:
    return [[label, make(random)] for label, make in random.sample(FORM, random.randrange(4, 9))]


def wrapped(random: Random, domain: Domain) -> Grid:
    """Return a grid whose middle column holds one or two sentences."""
    rows = [
        [
            str(number),
            random.choice(domain.keys),
            " ".join(random.sample(SENTENCES, random.randrange(1, 3))),
            _date(random),
        ]
        for number in range(1, random.randrange(4, 7))
    ]
    return [["번호", domain.key, "내용", "기한"], *rows]


def fill(grid: Grid) -> tuple[Grid, set[tuple[int, int]]]:
    """Return the grid with a merged cell's text in every cell that it covers, and these cells except the first."""
    filled: Grid = []
    covered = set()
    for row, cells in enumerate(grid):
        filled.append([])
        for column, text in enumerate(cells):
            if text in (LEFT, UP):
                covered.add((row, column))
                text = filled[row][column - 1] if text == LEFT else filled[row - 1][column]
            filled[row].append(text)
    return filled, covered
