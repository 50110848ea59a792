"""List files to lines, with everything that is wrong with them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsphere_motion.errors import BadInput
from vsphere_motion.model.list_file import LineProblem, ListLine
from vsphere_motion.planning.list_text import MAX_LINES, read_csv, read_yaml

LINE = ListLine(line=2, vm="web01", host="esx02")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("vm,host\nweb01,esx02\n", [LINE], id="plain"),
        pytest.param("VM;Host\r\nweb01;esx02\r\n", [LINE], id="a spreadsheet's capitals and semicolons"),
        pytest.param("vm\thost\nweb01\tesx02", [LINE], id="tabs"),
        pytest.param('"VM","to-host"\n"web01","esx02"\n', [LINE], id="quotes and another name"),
        pytest.param("vm,host\n web01 , esx02 \n\n , \n", [LINE], id="blanks and blank lines"),
        pytest.param("vm,host,,\nweb01,esx02,,\n", None, id="columns without a name"),
        pytest.param("vm,host\nweb01,esx02,,\n", [LINE], id="empty values too many"),
        pytest.param("vm\nweb01\n", [ListLine(line=2, vm="web01")], id="no destination"),
        pytest.param(
            "vm,cluster,datastore,pool,folder,window,priority\nweb01,c,d,p,f,22:00-05:00,-2\n",
            [
                ListLine(
                    line=2,
                    vm="web01",
                    cluster="c",
                    datastore="d",
                    pool="p",
                    folder="f",
                    window="22:00-05:00",
                    priority=-2,
                )
            ],
            id="every column",
        ),
        pytest.param('vm,host\n"a,\nb",esx02\nc,d\n', None, id="a line break in a value"),
    ],
)
def test_csv(text: str, expected: list[ListLine] | None) -> None:
    listed = read_csv(text, "list.csv")
    if expected is None:
        assert listed.lines
    else:
        assert (list(listed.lines), listed.problems) == (expected, ())


def test_a_value_over_two_lines_does_not_shift_the_numbers_behind_it() -> None:
    lines = read_csv('vm,host\n"a,\nb",esx02\nc,d\n', "list.csv").lines
    assert [(line.line, line.vm) for line in lines] == [(2, "a,\nb"), (4, "c")]


def test_every_problem_of_a_csv_file_has_its_line() -> None:
    listed = read_csv("vm,hots,host,host\n,x,y\nweb01,,a,b,c\nweb02,,,,,\nweb03,,esx02,,\n", "list.csv")
    assert listed.problems == (
        LineProblem(line=1, message="no column is called hots; did you mean host?"),
        LineProblem(line=1, message="the column host is there twice"),
        LineProblem(line=2, message="no virtual machine is named"),
        LineProblem(line=3, message="it has 5 values, and there are 4 columns"),
    )
    assert [line.vm for line in listed.lines] == ["web01", "web02", "web03"]


def test_a_broken_quote_ends_the_reading_with_its_line() -> None:
    listed = read_csv('vm,host\nweb01,esx02\nweb02,"x" y\nweb03,esx02\n', "list.csv")
    assert [problem.line for problem in listed.problems] == [3]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("- {vm: web01, host: esx02}\n", id="flow"),
        pytest.param("# moves\n---\n- vm: web01\n  Host: 'esx02'\n", id="block"),
        pytest.param('- {"VM": "web01", to_host: esx02, priority: ~, window: , folder: null}\n', id="nothing said"),
    ],
)
def test_yaml(text: str) -> None:
    (line,) = read_yaml(text, "list.yaml").lines
    assert (line.vm, line.host, line.priority, line.window, line.folder) == ("web01", "esx02", 0, None, None)


def test_values_of_yaml_stay_text() -> None:
    (line,) = read_yaml("- {vm: 0123, host: 1.10, window: 22:00-05:00, priority: 2, cluster: no}\n", "x.yml").lines
    assert (line.vm, line.host, line.window, line.priority, line.cluster) == ("0123", "1.10", "22:00-05:00", 2, "no")


def test_every_problem_of_a_yaml_file_has_its_line() -> None:
    text = (
        "- {vm: web01, hots: esx02}\n"
        "- web02\n"
        "- [web03]\n"
        "- {vm: [web04, {a: b}], host: esx02}\n"
        "- {vm: web05, vm: web06}\n"
        "- {host: &x esx02}\n"
        "- {vm: *x, priority: high}\n"
        "- {vm: web08, priority: 1.5}\n"
    )
    listed = read_yaml(text, "list.yaml")
    assert [(problem.line, problem.message.split(";")[0]) for problem in listed.problems] == [
        (1, "no column is called hots"),
        (2, "web02 stands alone"),
        (3, "it is a list, and a mapping from columns to values was expected"),
        (4, "vm has no single value"),
        (4, "no virtual machine is named"),
        (5, "vm is there twice"),
        (6, "no virtual machine is named"),
        (7, "it refers to another place of the file (*), which is not understood"),
        (7, "no virtual machine is named"),
        (8, "the priority 1.5 is no whole number"),
    ]


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        pytest.param(read_csv, "", "it is empty", id="empty csv"),
        pytest.param(read_csv, "web01,esx02,x\n", "no column vm; it has: web01, esx02, x", id="no header"),
        pytest.param(read_csv, "vm,host\n", "no line names", id="a header alone"),
        pytest.param(read_csv, "vm\n" + "x\n" * MAX_LINES, "more than", id="too long"),
        pytest.param(read_yaml, "", "it is empty", id="empty yaml"),
        pytest.param(read_yaml, "{vm: web01}", "it is no list", id="a mapping"),
        pytest.param(read_yaml, "web01", "it is no list", id="a word"),
    ],
)
def test_what_is_no_list_is_refused(read: object, text: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(text, "the file")  # type: ignore[operator]
    assert message in caught.value.message


def test_a_yaml_file_that_breaks_off_says_where() -> None:
    listed = read_yaml("- {vm: web01}\n- {vm: 'web02\n", "list.yaml")
    assert [problem.line for problem in listed.problems][-1:] == [3]


def test_nothing_of_a_hostile_yaml_file_is_built() -> None:
    bomb = "- &a {vm: x}\n" + "".join(f"- &b{n} [*a,*a,*a,*a]\n" for n in range(50)) + "- " + "[" * 5000
    assert read_yaml(bomb, "bomb.yaml").problems
    assert read_yaml("- {vm: !!python/object/apply:os.system [x]}\n", "bomb.yaml").problems


@given(text=st.text(alphabet="vmhost,;\t\n\r\"' -{}[]:&*!|>#\x00\ufeff", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_list_or_refused(text: str) -> None:
    for read in (read_csv, read_yaml):
        try:
            listed = read(text, "x")
        except BadInput:
            continue
        assert listed.lines or listed.problems
