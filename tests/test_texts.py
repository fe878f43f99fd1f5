"""All words: every key that the code says exists, in both languages, with the same placeholders; none is unused."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest
import yaml

from labbench import texts
from labbench.errors import LabbenchError
from labbench.results import Verdict
from labbench.texts import Lang, joined, preferred_language, render, say, text
from labbench.worker.habits import helped
from tests.test_layers import MODULES, PACKAGE

FILES = sorted(Path(texts.__file__).parent.glob("*.yaml"))
ENTRIES = {k: v for f in FILES for k, v in yaml.safe_load(f.read_text(encoding="utf-8")).items()}

#: Modules that may speak: not what runs inside a session.
SPEAKERS = [p for p in MODULES if "inside" not in p.parts]

#: What is called with a key: its first argument, or the keyword given here.
SAYERS = {"text", "Text", "say", "LabbenchError", "Fault"}
KEYWORDS = {"help_key"}


#: Templates speak by `t("key")`, or by `t("start." ~ the rest)`.
TEMPLATES = sorted((PACKAGE / "report" / "templates").glob("*.html"))
TOLD = re.compile(r"""\bt\("([a-z_.]+)"( ~)?""")


def strings():
    """Every string of the code, and the pattern of every f-string, by file; docstrings and YAML left out."""
    for path in SPEAKERS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [re.escape(p.value) if isinstance(p, ast.Constant) else "[a-z0-9_]+" for p in node.values]
                yield path, "".join(parts), True
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node.value, False

    for path in TEMPLATES:
        for key, more in TOLD.findall(path.read_text(encoding="utf-8")):
            yield path, f"{re.escape(key)}[a-z0-9_]+" if more else key, bool(more)


def calls():
    """(where, call, name of what is called) of each call in the code."""
    for path in SPEAKERS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node, name


def literals(argument):
    """The strings that an argument may be, as far as they stand there."""
    branches = (argument.body, argument.orelse) if isinstance(argument, ast.IfExp) else (argument,)
    return [b.value for b in branches if isinstance(b, ast.Constant) and isinstance(b.value, str)]


def asked_for():
    """(where, key) of each call that names a key in so many words."""
    for path in TEMPLATES:
        yield from ((path.name, key) for key, more in TOLD.findall(path.read_text(encoding="utf-8")) if not more)
    for where, call, name in calls():
        named = [k.value for k in call.keywords if k.arg in KEYWORDS] + (call.args[:1] if name in SAYERS else [])
        yield from ((where, key) for argument in named for key in literals(argument))


def lacking():
    """(where, key, names) of each call that names a key and its values in so many words, but not all of them."""
    for where, call, name in calls():
        given = {k.arg for k in call.keywords}
        if name in SAYERS - {"Text"} and None not in given:  # Text takes a mapping, ** may give anything
            for key in (key for argument in call.args[:1] for key in literals(argument)):
                if missing := placeholders(ENTRIES[key]["en"]) - given:
                    yield where, key, missing


def placeholders(sentence):
    """The names to fill in."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def fields(sentence):
    """The names to fill in; a value that is itself a text in both languages is named `en` and `zh`."""
    return {"in this language" if name in tuple(Lang) else name for name in placeholders(sentence)}


def test_no_key_stands_twice():
    names = re.findall(r"^([\w.]+):", "\n".join(f.read_text(encoding="utf-8") for f in FILES), re.MULTILINE)
    assert sorted(names) == sorted(set(names))
    assert set(names) == set(texts.keys())


def test_the_search_finds_keys():
    found = {key for _, key in asked_for()}
    assert {"handin.empty", "help.lab", "check.wrong", "report.total", "show.files", "page.how"} <= found


def test_every_key_that_is_asked_for_exists():
    assert [(where, key) for where, key in asked_for() if key not in ENTRIES] == []


def test_every_value_that_a_sentence_fills_in_is_given():
    assert list(lacking()) == []


def test_every_verdict_has_its_word():
    assert {k for k in ENTRIES if k.startswith("verdict.")} == {f"verdict.{v.value}" for v in Verdict}


def test_no_key_is_unused():
    plain = {value for _, value, pattern in strings() if not pattern}
    # Only patterns of keys: with a word and a dot.
    patterns = [re.compile(v) for _, v, pattern in strings() if pattern and re.match(r"[a-z_]+\\\.", v)]
    unused = [k for k in ENTRIES if k not in plain and not any(p.fullmatch(k) for p in patterns)]
    assert unused == []


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_is_whole(key):
    entry = ENTRIES[key]
    assert set(entry) == {"en", "zh"}
    assert all(isinstance(sentence, str) and sentence.strip() == sentence != "" for sentence in entry.values())
    assert fields(entry["en"]) == fields(entry["zh"])
    assert all("\n" not in sentence for sentence in entry.values())
    # Chinese, if only its punctuation between values, unless it is a name (SHA-256).
    assert re.search(r"[一-鿿：、]", entry["zh"]) or key == "weights.digest"
    assert not re.search(r"[一-鿿]", entry["en"])


@pytest.mark.parametrize("lang", list(Lang))
def test_render_fills_in(lang):
    assert "a.zip" in render(text("handin.empty", path="a.zip"), lang)
    assert say("handin.empty", lang, path="a.zip") == render(text("handin.empty", path="a.zip"), lang)
    with pytest.raises(KeyError):
        say("handin.empty", lang)
    with pytest.raises(KeyError):
        say("no.such.key", lang)


def test_values_are_not_templates():
    assert "{0.__class__}" in say("handin.empty", Lang.EN, path="{0.__class__}")


def test_an_error_reads_as_its_sentence():
    assert str(LabbenchError("handin.empty", path="a.zip")) == "The archive a.zip is empty."


@pytest.mark.parametrize(
    ("asked", "environment", "lang"),
    [
        (None, {}, "en"),
        ("zh", {"LABBENCH_LANG": "en"}, "zh"),
        (None, {"LABBENCH_LANG": "zh", "LC_ALL": "en_US.UTF-8"}, "zh"),
        ("fr", {"LABBENCH_LANG": "zh"}, "zh"),
        (None, {"LABBENCH_LANG": "fr", "LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LABBENCH_LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LANG": "zh_TW.Big5"}, "zh"),
        (None, {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"LC_ALL": "", "LC_MESSAGES": "zh_CN", "LANG": "en_US"}, "zh"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_language(monkeypatch, asked, environment, lang):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert preferred_language(asked) == lang


def test_chinese_sentences_in_a_row_have_no_spaces_between_them():
    assert joined("", "Stopped:", "no.", "Try again.") == "Stopped: no. Try again."
    assert joined("运行中止：", "超时。", "", "请重试。") == "运行中止：超时。请重试。"
    assert joined("执行 a", "b") == "执行 a b"


def test_what_a_hand_in_was_helped_with_is_named_in_words():
    note = helped(("division", "tabs", "scipy.misc.imread"))
    assert render(note, Lang.EN) == "labbench helped with: whole numbers by /, tabs amid spaces, scipy.misc.imread."
    assert render(note, Lang.ZH).endswith("：用 / 得到的整数、制表符与空格混用、scipy.misc.imread。")
    # Every label that a session may note has words of its own.
    noted = re.findall(r"""used\.add\("(.+)"\)""", "".join(p.read_text() for p in MODULES if "compat" in p.parts))
    assert set(noted) == {"division", "encoding", "files written", "tabs"} == {n for n in noted if n not in said(n)}


def said(label):
    return render(helped([label]), Lang.ZH)
