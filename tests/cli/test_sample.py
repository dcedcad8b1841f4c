"""``dangol sample``: files that the command it prints can read, and one sentence for what cannot be made."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest


@pytest.mark.parametrize(("name", "users"), [("school-sns", "400"), ("fashion-shop", "80"), ("creator-platform", "5")])
@pytest.mark.parametrize("form", ["csv", "parquet", "csv,parquet"])
def test_the_command_it_prints_loads_what_it_wrote(run, name: str, users: str, form: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("sample", name, "--users", users, "--seed", "2", "-o", "my data", "--dirty", "--format", form)
    assert code == 0, err
    truth = json.loads((tmp_path / "my data" / "truth.json").read_text(encoding="utf-8"))
    assert f"{truth['rows']['events']:,} events" in err
    words = shlex.split(out)
    assert words[2] == ("my data/events.csv" if form == "csv" else "my data/events.parquet")
    code, out, err = run(*words[1:])
    assert code == 0, err
    told = truth["dirty"]
    assert (
        f"{told['rows']:,} rows in = {told['accepted']:,} accepted + {told['rejected']:,} rejected + "
        f"{told['duplicates']:,} duplicate" in out
    )
    assert (tmp_path / "my data.log" / "log.json").exists()
    assert run("overview", "my data.log")[0] == 0


def test_without_a_plant_and_again(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert run("sample", "school-sns", "--users", "100", "--no-plant", "-o", "sns")[0] == 0
    truth = json.loads((tmp_path / "sns" / "truth.json").read_text(encoding="utf-8"))
    assert not truth["planted"]
    assert truth["seed"] == 0
    code, _, err = run("sample", "school-sns", "--users", "50", "-o", "sns")
    assert code == 2
    assert "--replace" in err
    assert run("sample", "school-sns", "--users", "50", "-o", "sns", "--replace")[0] == 0
    assert run("sample", "creator-platform", "--users", "2")[0] == 0
    assert (tmp_path / "creator-platform" / "events.csv").exists()
    assert json.loads((tmp_path / "sns" / "truth.json").read_text(encoding="utf-8"))["rows"]["users"] == 50


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sample", "school_sns", "-o", "x"), "did you mean 'school-sns'?"),
        (("sample", "school-sns", "--users", "0", "-o", "x"), "users=0 must be a whole number"),
        (("sample", "school-sns", "--users", "many", "-o", "x"), "valid integer"),
        (("sample", "school-sns", "--users", "9", "--format", "xlsx", "-o", "x"), "'xlsx' is not known"),
        (("sample", "school-sns", "--users", "9", "--format", ",", "-o", "x"), "list of formats"),
    ],
)
def test_bad_input_is_one_sentence(run, words: tuple[str, ...], told: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert not (tmp_path / "x").exists()
