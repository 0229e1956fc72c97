"""The packages that ./dev package made, and bare Debian 12 roots to try them in."""

import os
from pathlib import Path

import pytest
from bare_root import BareRoot, why_there_can_be_none

SOURCE_TREE = Path(__file__).parents[3]
PACKAGES = SOURCE_TREE / "build/package"
DATA = Path(os.environ.get("MILLRACE_DATA", SOURCE_TREE / ".dev/data/nycflights13"))


def _only(pattern: str) -> Path:
    found = list(PACKAGES.glob(pattern))
    assert len(found) == 1, f"{PACKAGES} has {len(found)} {pattern}; ./dev package makes one"
    return found[0]


@pytest.fixture(scope="session")
def deb() -> Path:
    return _only("millrace_*.deb")


@pytest.fixture(scope="session")
def tarball() -> Path:
    return _only("millrace-*.tar.gz")


@pytest.fixture(scope="session")
def wheel() -> Path:
    return _only("millrace-*.whl")


@pytest.fixture(scope="session")
def version(deb) -> str:
    return deb.name.split("_")[1]


@pytest.fixture(scope="session")
def data() -> Path:
    assert (DATA / "flights.csv").exists(), f"there is no {DATA}/flights.csv; ./dev setup fetches the data set"
    return DATA


@pytest.fixture(scope="session")
def pristine():
    """What debootstrap made, nothing added."""
    obstacle = why_there_can_be_none()
    assert not obstacle, obstacle
    root = BareRoot.make()
    yield root
    root.remove()


@pytest.fixture
def bare(pristine):
    """One for a single test."""
    root = pristine.copy()
    yield root
    root.remove()


@pytest.fixture(scope="session")
def installed(pristine, deb):
    """One in which apt has installed the .deb with what it depends on."""
    root = pristine.copy()
    try:
        root.put(deb, "/millrace.deb")
        root.run("apt-get", "-qq", "update")
        root.run("apt-get", "-qqy", "install", "--no-install-recommends", "/millrace.deb")
        yield root
    finally:
        root.remove()
