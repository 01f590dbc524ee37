"""What axe-core (vendored in data/axe: MPL-2.0, npm axe-core 4.14.1) finds wrong with an open page."""

from tests.paths import ROOT

AXE = ROOT / "tests" / "data" / "axe" / "axe.min.js"
FOUND = """axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
  nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)))"""


def violations(browser):
    """list of str: rule, element and what is wrong of each violation."""
    browser.value(f"{AXE.read_text()}; 0")
    return browser.value(FOUND)
