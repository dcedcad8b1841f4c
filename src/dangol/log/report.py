"""``LoadReport``: what became of every row, and what looks odd in the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dangol.core.words import Sentence, percent, plural

from .reasons import in_korean, rule_in_korean, signs_of_a_program


@dataclass(frozen=True)
class FileReport:
    """One source: how it was read and what became of its rows (``rows = accepted + rejected + duplicate``)."""

    name: str
    format: str
    details: Mapping[str, str]
    rows: int
    accepted: int
    rejected: int
    duplicate: int


@dataclass(frozen=True)
class LoadReport:
    """How a log was loaded. Always ``rows_in == accepted + rejected + duplicate``.

    Attributes:
        rows_in: records in the sources, counted independently of the reader.
        accepted: rows that became events, alone or (``collapse``) together with others.
        rejected: rows set aside for a reason; ``rejects_file`` (in the log's folder) lists each.
        duplicate: rows set aside because the same was there before.
        events: events in the log after this load; ``users`` likewise.
        reasons: rejected rows by reason.
        files: the same for each source.
        time_rule: how times were read.
        local_times, skipped_times, doubled_times: times without offset; those in a spring gap (moved forward); those
            that occur twice in autumn (the first taken).
        future: events later than the moment of loading.
        ties: events at exactly the time of the user's event before.
        days: events per local day, days without events included.
        bots, n_bots: the busiest users who behave like programs (``user``, ``events``, and ``why``: the events within a
            minute or a day, or the share of regular gaps, that no person makes), and how many there are.
        dropped_properties: columns that differed among the rows of one event (``collapse``) and were left out.
        renamed: columns renamed because a role has their name.
        attributes: rows of the second table, its rows without events, users without a row; None without one.
        rejects_file: the file's name inside the log's folder, or None.
    """

    rows_in: int
    accepted: int
    rejected: int
    duplicate: int
    events: int
    users: int
    reasons: Mapping[str, int]
    files: tuple[FileReport, ...]
    time_rule: str
    zone: str
    zone_assumed: bool
    local_times: int
    skipped_times: int
    doubled_times: int
    future: int
    ties: int
    days: Mapping[str, int]
    bots: tuple[Mapping[str, Any], ...]
    n_bots: int
    dropped_properties: tuple[str, ...] = ()
    renamed: Mapping[str, str] | None = None
    attributes: Mapping[str, int] | None = None
    rejects_file: str | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LoadReport:
        """The report that ``to_dict`` wrote."""
        kept = dict(values)
        kept["files"] = tuple(FileReport(**one) for one in values["files"])
        kept["bots"] = tuple(values["bots"])
        kept["dropped_properties"] = tuple(values["dropped_properties"])
        return cls(**kept)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as in ``log.json``."""
        return asdict(self)

    @property
    def empty_days(self) -> list[str]:
        """Local days between the first and the last event without any event."""
        return [day for day, count in self.days.items() if not count]

    def sentences(self) -> list[Sentence]:
        """Say what was loaded and everything that deserves a look, most important first."""
        return [self._account(), *self._rejected(), *self._columns(), *self._times(), *self._days(), *self._oddities()]

    def _account(self) -> Sentence:
        return Sentence(
            "{rows_said} in = {accepted:,} accepted + {rejected:,} rejected + {duplicate:,} duplicate; "
            "the log holds {events_said} of {users_said}.",
            "입력 {rows:,}행 = 수용 {accepted:,}행 + 거부 {rejected:,}행 + 중복 {duplicate:,}행이며, "
            "로그에는 사용자 {users:,}명의 이벤트 {events:,}건이 담겼습니다.",
            {
                "accepted": self.accepted,
                "rejected": self.rejected,
                "duplicate": self.duplicate,
                **_counted(rows=(self.rows_in, "row"), events=(self.events, "event"), users=(self.users, "user")),
            },
        )

    def _rejected(self) -> list[Sentence]:
        return [
            Sentence(
                "Rejected {count_said}: {reason}.",
                "{count:,}행 거부: {reason_ko}.",
                {
                    **_counted(count=(count, "row")),
                    "reason": reason,
                    "reason_ko": in_korean(reason, self.time_rule),
                },
            )
            for reason, count in self.reasons.items()
        ]

    def _columns(self) -> list[Sentence]:
        said = []
        if self.dropped_properties:
            said.append(
                Sentence(
                    "Left out, because they differ among the rows of one event: {names}.",
                    "한 이벤트를 이루는 행마다 값이 달라 제외한 열: {names}.",
                    {"names": ", ".join(self.dropped_properties)},
                )
            )
        if self.renamed:
            said.append(
                Sentence(
                    "Renamed, because another column has the name: {names}.",
                    "다른 열과 이름이 겹쳐 바꾼 열: {names}.",
                    {"names": ", ".join(f"{old} → {new}" for old, new in self.renamed.items())},
                )
            )
        if self.attributes and self.attributes.get("unusable"):
            said.append(
                Sentence(
                    "Attributes: {count_said} without a key, or broken, left out.",
                    "속성 표에서 키가 없거나 깨진 {count:,}행을 제외했습니다.",
                    _counted(count=(self.attributes["unusable"], "row")),
                )
            )
        if self.attributes:
            rows, missing = (self.attributes["rows"], "row"), (self.attributes["missing"], "user")
            said.append(
                Sentence(
                    "Attributes: {rows_said}, {lone:,} of them for nobody in the log; {missing_said} without any.",
                    "속성 표 {rows:,}행: 속성이 없는 사용자 {missing:,}명, 로그에 없는 사용자의 행 {lone:,}개.",
                    {"lone": self.attributes["lone"], **_counted(rows=rows, missing=missing)},
                )
            )
        return said

    def _times(self) -> list[Sentence]:
        said = [
            Sentence(
                "Times were read as {rule}; days begin at midnight in {zone}.",
                "시각은 {rule_ko} 형식으로 읽었고, 하루는 {zone} 자정에 시작합니다.",
                {"rule": self.time_rule, "rule_ko": rule_in_korean(self.time_rule), "zone": self.zone},
            )
        ]
        if self.zone_assumed and self.local_times:
            said.append(
                Sentence(
                    "No zone was given, so UTC was taken for {count_said} without an offset; "
                    "give zone= if local time is meant.",
                    "시간대를 지정하지 않아 오프셋이 없는 시각 {count:,}개를 UTC로 보았습니다. "
                    "현지 시각이면 zone을 지정하세요.",
                    _counted(count=(self.local_times, "time")),
                )
            )
        if self.skipped_times or self.doubled_times:
            said.append(
                Sentence(
                    "Daylight saving: {skipped_said} skipped by the clock, moved forward; "
                    "{doubled_said} occurring twice, read as the first.",
                    "서머타임: 존재하지 않는 시각 {skipped:,}개는 뒤로 옮겼고, "
                    "두 번 있는 시각 {doubled:,}개는 앞의 것으로 보았습니다.",
                    _counted(skipped=(self.skipped_times, "time"), doubled=(self.doubled_times, "time")),
                )
            )
        return said

    def _days(self) -> list[Sentence]:
        said = []
        if self.future:
            said.append(
                Sentence(
                    "The log has {count_said} in the future.",
                    "미래 시각의 이벤트가 {count:,}건 있습니다.",
                    _counted(count=(self.future, "event")),
                )
            )
        empty = self.empty_days
        if empty:
            shown = ", ".join(empty[:5]) + (" …" if len(empty) > 5 else "")
            said.append(
                Sentence(
                    "No event on {count:,} of {days_said}: {shown}.",
                    "전체 {days:,}일 가운데 {count:,}일은 이벤트가 없습니다: {shown}.",
                    {"count": len(empty), **_counted(days=(len(self.days), "day")), "shown": shown},
                )
            )
        return said

    def _oddities(self) -> list[Sentence]:
        said = []
        if self.ties:
            said.append(
                Sentence(
                    "{share} of the events have exactly the time of the user's event before; "
                    "the order of the source decides.",
                    "이벤트의 {share}가 같은 사용자의 직전 이벤트와 시각이 똑같습니다. 이때는 원본의 순서를 따릅니다.",
                    {"share": percent(self.ties / max(self.events, 1))},
                )
            )
        if self.n_bots:
            why, why_ko = signs_of_a_program(self.bots[0]["why"])
            said.append(
                Sentence(
                    "Found {count_said} behaving like a program (kept, not removed); the busiest is {user}: {why}.",
                    "사람이 아니라 프로그램으로 의심되는 사용자가 {count:,}명 있습니다(제거하지 않음). "
                    "가장 활발한 사용자는 {user}입니다({why_ko}).",
                    {
                        **_counted(count=(self.n_bots, "user")),
                        "user": self.bots[0]["user"],
                        "why": why,
                        "why_ko": why_ko,
                    },
                )
            )
        return said

    def summary(self, lang: str = "en") -> str:
        """The whole report in sentences, one a line."""
        return "\n".join(sentence.write(lang) for sentence in self.sentences())

    def __str__(self) -> str:
        return self.summary()


def _counted(**counts: tuple[int, str]) -> dict[str, Any]:
    """Bind counts of things: ``rows`` is the number, for Korean, and ``rows_said`` has the English noun ("2 rows")."""
    numbers = {name: count for name, (count, _) in counts.items()}
    return {**numbers, **{f"{name}_said": plural(count, noun) for name, (count, noun) in counts.items()}}
