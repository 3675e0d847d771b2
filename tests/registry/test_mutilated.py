"""However files are mutilated, reading them ends in problems with a line or in a registry that works."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nytta.registry.load import read
from nytta.registry.tables import tables

EXAMPLE = Path(__file__).parent / "example"
FILES = {path.name: path.read_text(encoding="utf-8") for path in EXAMPLE.glob("*.yaml")}
SIGNS = "a0:-[]{},#&*!|>'\"%@`\t\n é\x00"


@st.composite
def mutilated(draw: st.DrawFn) -> dict[str, str]:
    """The files with lines lost or copied, signs and words replaced, or the end cut off."""
    files = dict(FILES)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(files)))
        lines = files[name].split("\n")
        one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        match draw(st.sampled_from(["lose", "copy", "sign", "word", "cut"])):
            case "lose":
                del lines[one]
            case "copy":
                lines.insert(other, lines[one])
            case "sign":
                at = draw(st.integers(0, len(lines[one])))
                lines[one] = lines[one][:at] + draw(st.sampled_from(SIGNS)) + lines[one][at + 1 :]
            case "word":
                words = lines[one].split() or [""]
                lines[other] = lines[other].replace((lines[other].split() or [" "])[-1], words[-1])
            case _:
                lines = lines[: one + 1]
        files[name] = "\n".join(lines)
    return files


@settings(max_examples=80)
@given(mutilated())
def test_mutilated_files(files: dict[str, str]) -> None:
    loaded = read({name: text.encode() for name, text in files.items()}, indicators={"intended-use"})
    assert (loaded.registry is None) == any(not problem.warning for problem in loaded.problems)
    for problem in loaded.problems:
        assert 1 <= problem.line <= files[problem.file].count("\n") + 1
        assert problem.message
    if loaded.registry is not None:
        rows = tables(loaded.registry, date(2026, 1, 1), date(2026, 1, 31))
        assert rows["units"].num_rows >= len(loaded.registry.units)
