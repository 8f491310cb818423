"""The page does in Chromium what it promises, and a hostile plan does nothing."""

import pytest
from builders import job, observed
from chromium import find_chromium, start_chromium
from report.pages import plan_fleet, plan_shown, show
from report.plans import PAYLOADS, done, load_plan, plan_of, poison_plan, unobserved

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")

HOSTILE = "</script><script>alert(1)</script><img src=http://evil.example/ onerror=alert(2)>\"'><svg onload=alert(3)>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with start_chromium(find_chromium(), tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(browser):
    page = browser.open_page()
    yield page
    page.close()


@pytest.fixture
def address(tmp_path):
    """Write a page and say where it is."""

    def write(plan):
        path = tmp_path / "plan.html"
        path.write_text(show(plan), encoding="utf-8")
        return path.as_uri()

    return write


def shown(page):
    """The addresses of the jobs that a reader can see."""
    seen = "[...document.querySelectorAll('.job h3')].filter(each => each.checkVisibility())"
    return page.run(f"{seen}.map(each => each.textContent)")


def fill(page, text):
    page.run(f"document.getElementById('text').value = {text!r}")
    page.run("document.getElementById('filter').dispatchEvent(new Event('input'))")
    page.wait_until(f"new URLSearchParams(location.hash.slice(2)).get('text') === {text!r}")


def told(page, *methods):
    return [event for event in page.events() if event["method"] in methods]


# --- Safety -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hostile", "poisoned", "mixed", "failed"], ids="E08-{}".format)
def test_e08_nothing_runs_nothing_is_asked_for_and_nothing_is_blocked(page, address, name):
    page.load(address(poison_plan(plan_shown(), HOSTILE) if name == "poisoned" else load_plan(name)))
    if name != "failed":
        fill(page, "id")
    page.run("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    page.run("document.querySelectorAll('.copy').forEach(each => each.click())")
    page.run("[...document.querySelectorAll('.again a')].slice(0, 20).forEach(each => each.click())")
    page.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    asked = {event["params"]["request"]["url"].partition("#")[0] for event in told(page, "Network.requestWillBeSent")}
    assert {url.rpartition("/")[2] for url in asked} == {"plan.html"}
    # Chromium tells dialogs, violations of the policy, errors and what a script writes to its console.
    loud = ("Page.javascriptDialogOpening", "Audits.issueAdded", "Log.entryAdded", "Runtime.exceptionThrown")
    assert told(page, *loud, "Runtime.consoleAPICalled", "Page.windowOpen") == []


@pytest.mark.parametrize(
    "attack", ["eval('1')", "document.body.innerHTML = '<i>'", "await fetch('http://127.0.0.1:1/')"]
)
def test_e08_even_a_script_that_got_in_could_do_little(page, address, attack):
    """The policy is in force: what is tested above is not silent because nothing would be told."""
    page.load(address(plan_shown()))
    assert page.run(f"(async () => {{ {attack} }})().then(() => 'done', () => 'refused')") == "refused"
    assert told(page, "Audits.issueAdded")


# --- Reading ----------------------------------------------------------------------------------------------------


def test_without_a_script_the_failures_can_be_read_and_nothing_is_offered_that_needs_one(page, address):
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.load(address(plan_shown()))
    read = page.run(
        "[...document.querySelectorAll('h2, h3, td, p')].filter(e => e.checkVisibility()).map(e => e.textContent)"
    )
    assert {"jobs.drifted", '"E.7"', "the job reports E.7: it broke", "jobs.proven", "Timeline"} <= set(read)
    assert "RC412 the answer is no JSON" in read
    assert not page.run("document.getElementById('filter').checkVisibility()")
    assert page.run("document.querySelectorAll('button.copy').length") == 0


@pytest.mark.parametrize("width", [320, 400, 1280])
@pytest.mark.parametrize("name", ["shown", "hostile"])
def test_a_page_is_never_wider_than_its_window(page, address, name, width):
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=True)
    page.load(address(plan_shown() if name == "shown" else load_plan("hostile")))
    assert page.run("document.documentElement.scrollWidth") <= width


def test_dark_and_light_and_paper_are_different(page, address):
    seen = []
    for media, scheme in (("screen", "light"), ("screen", "dark"), ("print", "dark")):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        page.call("Emulation.setEmulatedMedia", media=media, features=features)
        page.load(address(plan_shown()))
        seen.append(page.run("getComputedStyle(document.body).backgroundColor"))
    light, dark, paper = seen
    assert light == paper != dark


# --- Finding ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fragment", "jobs"),
    [
        ("text=E.7", ["jobs.drifted"]),
        ("text=REQ-9", ["jobs.lost"]),
        ("text=id-+create", ["jobs.drifted"]),
        ("verdict=error,pending", ["jobs.lost", "jobs.running", "jobs.waiting"]),
        ("provider=elsewhere", ["jobs.lost"]),
        ("label=tier%3Ddb", ["jobs.proven"]),
        ("label=tier%3Dweb&verdict=drift", ["jobs.drifted"]),
        ("text=nowhere", []),
    ],
)
def test_a_filter_is_kept_in_the_fragment(page, address, fragment, jobs):
    where = address(plan_shown())
    page.load(f"{where}#?{fragment}")
    assert shown(page) == jobs
    assert page.run("document.getElementById('shown').value") == f"{len(jobs)} of 7 jobs"
    assert page.run("document.getElementById('nothing').checkVisibility()") is (jobs == [])
    strips = page.run("[...document.querySelectorAll('[data-job]')].filter(e => !e.hidden).length")
    assert strips == len(jobs)


@pytest.mark.parametrize(
    ("fragment", "jobs"),
    [
        ("code=E.1", [f"jobs.j{i}" for i in range(0, 12, 2)]),
        ("code=E.2&text=j3", ["jobs.j3"]),
        ("code=RC412", ["jobs.lost"]),
    ],
)
def test_u37_jobs_are_filtered_by_the_code_of_their_cause(page, address, fragment, jobs):
    cases = [(job(name=f"j{i}"), observed("failed", job_id=f"id-j{i}", error_code=f"E.{1 + i % 2}")) for i in range(12)]
    where = address(plan_of(*cases, unobserved("lost"), done("fine")))
    page.load(f"{where}#?{fragment}")
    assert shown(page) == jobs
    assert page.run("[...document.querySelectorAll('.alike')].filter(e => e.checkVisibility()).length") == (
        0 if "RC" in fragment else 1
    )
    for key in ("j", "j"):
        page.press(key)
    assert page.run("document.activeElement.closest('.job').querySelector('h3').textContent") in jobs


def test_what_is_typed_goes_into_the_fragment_and_can_be_taken_back(page, address):
    page.load(address(plan_shown()))
    everything = shown(page)
    fill(page, "E.7")
    assert (shown(page), page.run("location.hash")) == (["jobs.drifted"], "#?text=E.7")
    page.run("document.querySelector('button[type=reset]').click()")
    page.wait_until("!location.hash.includes('?')")
    assert shown(page) == everything


@pytest.mark.parametrize("scripts", [True, False])
def test_a_link_to_a_job_opens_it(page, address, scripts):
    page.call("Emulation.setScriptExecutionDisabled", value=not scripts)
    page.load(f"{address(plan_fleet(60))}#jobs.fleet-40")
    job = "document.getElementById('jobs.fleet-40').parentElement"
    page.wait_until(f"{job}.open && {job}.checkVisibility()")
    page.wait_until(f"{job}.getBoundingClientRect().top < innerHeight")


def test_keys_move_from_job_to_job_and_to_the_filter(page, address):
    page.load(address(plan_shown()))
    focused = "document.activeElement.closest('.job')?.querySelector('h3').textContent"
    seen = []
    for key in ("j", "j", "k"):
        page.press(key)
        seen.append(page.run(focused))
    assert seen == ["jobs.lost", "jobs.drifted", "jobs.lost"]
    page.press("/")
    assert page.run("document.activeElement.id") == "text"
    page.press("j")
    assert page.run("document.activeElement.value") == "j"
    page.press("Escape")
    assert page.run("[document.activeElement.id, document.getElementById('text').value].join()") == ","


def test_the_command_is_copied_as_it_is_shown(browser, page, address):
    browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    page.load(address(plan_shown()))
    page.run("[...document.querySelectorAll('.copy')].find(e => e.checkVisibility()).click()")
    page.wait_until("document.getElementById('said').textContent === 'Command copied'")
    copied = page.run("navigator.clipboard.readText()")
    assert copied == "reconcile plan reconcile.yaml --target 'jobs.lost'"


# --- Many jobs --------------------------------------------------------------------------------------------------


def test_of_ten_thousand_jobs_only_what_is_in_sight_is_laid_out_and_seldom(page, address):
    page.call("Performance.enable")
    page.load(address(plan_fleet(10_000)))
    loaded = measure(page)
    fill(page, "fleet-9876")
    assert shown(page) == ["jobs.fleet-9876"]
    filtered = measure(page)
    assert loaded["Nodes"] > 200_000
    assert max(loaded["LayoutObjects"], filtered["LayoutObjects"]) < 5_000
    assert filtered["LayoutCount"] < 100


def measure(page):
    """Return how much there is to draw, and how often it was laid out, once all of it is drawn."""
    page.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    return {each["name"]: each["value"] for each in page.call("Performance.getMetrics")["metrics"]}


def test_every_payload_can_be_filtered_for(page, address):
    page.load(address(load_plan("hostile")))
    for payload in ("::error::x", "{{7*7}}", "%s", "`"):
        assert payload in PAYLOADS
        fill(page, payload)
        assert len(shown(page)) > 5
