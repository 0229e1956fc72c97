"""The unit under a systemd that has really booted."""

import pytest
from boot import run_under_systemd

# Every wait in it is bounded by that for the whole script.
SCRIPT = """
systemctl start millrace
systemctl show millrace -p ActiveState,StatusText,User
millrace status --dir /var/lib/millrace >/dev/null
launcher=$(systemctl show millrace -p MainPID --value)
grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/$launcher/status

printf 'id,name\\n1,Ada\\n2,Grace\\n' >/people.csv
millrace db create service
millrace table create service.people --like /people.csv
millrace table load service.people /people.csv

kill -KILL $launcher
until [ "$(systemctl show millrace -p NRestarts --value)" = 1 ] && systemctl is-active --quiet millrace; do sleep 0.1; done
echo "after its death: $(millrace table count service.people) rows"

apt-get -qqy install --reinstall /millrace.deb 2>&1
echo "after an upgrade: $(millrace table count service.people) rows"

systemctl stop millrace
systemctl show millrace -p ActiveState,Result
systemctl enable --now millrace 2>&1
apt-get -qqy remove millrace
journalctl -u millrace -o cat --no-pager
[ -d /var/lib/millrace/host-0/data ]
pgrep -f millrace-node || echo nothing runs any more
"""


@pytest.fixture(scope="module")
def root(installed):
    copy = installed.copy()
    try:
        copy.run("apt-get", "-qqy", "install", "--no-install-recommends", "systemd", "procps")
        yield copy
    finally:
        copy.remove()


def test_it_finds_nothing_wrong_with_the_unit(root):
    assert root.run("systemd-analyze", "verify", "/usr/lib/systemd/system/millrace.service") == ""
    # Tenths of an exposure of 10: a service without any protection has 96.
    root.run("systemd-analyze", "security", "--offline=true", "--threshold=30", "/usr/lib/systemd/system/millrace.service")


def test_it_starts_the_service_keeps_it_up_and_ends_it(root):
    said = run_under_systemd(root, SCRIPT)
    # What the shell says of itself begins with a plus.
    lines = [line for line in said.splitlines() if not line.startswith("+")]
    assert lines[-1] == "nothing runs any more", said
    status = "StatusText=hosts 1, bootstrap 127.0.0.1:9123, console http://127.0.0.1:9125/"
    assert set(lines[:3]) == {status, "User=millrace", "ActiveState=active"}
    assert [line.split()[1] for line in lines[3:6]] == ["0" * 16, "1", "2"]
    assert "after its death: 2 rows" in lines
    assert "after an upgrade: 2 rows" in lines
    assert "Result=success" in lines and "ActiveState=inactive" in lines
    # Upgrade, stop, removal: each time the node drained. The killed launcher had taken it along.
    assert said.count('"drained":true') == 3, said
