#!/usr/bin/env python3
"""Includes point down: who may include whom, as a table, and the check that keeps it true.

    check_layers.py [ROOT]

Every C++ file belongs to the first zone below whose pattern its path matches. A zone names the folders it may
include from and the libraries it may know; the standard library, tl::expected and fmt are open to all. A
quoted include always names a path from the root. Some zones also say what must not be *reachable* through
their includes, however long the way.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from source_tree import Finding, SourceTree, report

# ---- Libraries: the first pattern that matches an include in angle brackets names its library. ------------

LIBRARIES = [
    ("caf", r"caf/"),
    ("capnp", r"(capnp|kj)/"),
    ("rocksdb", r"rocksdb/"),
    ("arrow_batch", r"arrow/(record_batch|type_fwd)\.h$"),
    ("arrow", r"arrow/"),
    ("parquet", r"parquet/"),
    ("protobuf", r"google/protobuf/"),
    ("flatbuffers", r"flatbuffers/"),
    ("asio", r"boost/(asio|system)"),
    ("beast", r"boost/beast"),
    ("boost", r"boost/"),
    ("nlohmann", r"nlohmann/"),
    ("yaml", r"yaml-cpp/"),
    ("spdlog", r"spdlog/"),
    ("fmt", r"fmt/"),
    ("expected", r"tl/expected\.hpp$"),
    ("isal", r"isa-l"),
    ("date_tz", r"date/tz\.h$"),
    ("lz4", r"lz4[a-z]*\.h$"),
    ("zstd", r"zstd[a-z_]*\.h$"),
    ("zookeeper", r"zookeeper/"),
    ("test", r"(gtest|gmock|benchmark)/"),
    ("posix", r"(sys|netinet|arpa|linux|net)/"
              r"|(stdlib|stdio|strings?|time|unistd|fcntl|signal|poll|pthread|dirent|dlfcn|errno|spawn|termios|ifaddrs|netdb|sched|pwd|ftw|malloc)\.h$"),
    ("std", r"[a-z_0-9]+$"),
]
EVERYWHERE = {"std", "expected", "fmt"}
ALL = {name for name, _ in LIBRARIES}

# ---- Zones: first match wins. {port}, {engine} and {role} stand for what the pattern caught. --------------


@dataclass
class Zone:
    name: str
    pattern: str
    folders: list          # Patterns of paths that may be included.
    libraries: set = field(default_factory=set)
    unreachable: set = field(default_factory=set)


PORTS = r"state/[^/]+/port/"
TRANSPORT_PORT = r"runtime/transport/port/"
CATALOG = r"state/meta/catalog/"
LOGIC = r"actors/{role}/(?!.*_(actor|codec)\.hpp$)"
ENGINE = [r"base/", r"protocol/", r"schemas/", r"state/disk/port/", r"state/{port}/port/", r"state/{port}/{engine}/"]
SHELL = [r"base/", r"protocol/", r"runtime/", PORTS, CATALOG, r"actors/{role}/"]
ANYTHING = [r""]

ZONES = [
    Zone("base", r"base/", [r"base/"], {"spdlog", "isal"}),
    Zone("schemas", r"schemas/", [r"schemas/"], {"capnp"}),
    Zone("protocol", r"protocol/", [r"base/", r"protocol/"],
         {"arrow", "arrow_batch", "protobuf", "flatbuffers", "nlohmann", "lz4", "date_tz"}),
    Zone("port of the transport", TRANSPORT_PORT, [r"base/", TRANSPORT_PORT]),
    Zone("client", r"client/", [r"base/", r"protocol/", TRANSPORT_PORT, r"client/"], {"arrow", "arrow_batch"}),
    Zone("port of the disk", r"state/disk/port/", [r"base/", r"state/disk/port/"]),
    Zone("port", r"state/(?P<port>[^/]+)/port/", [r"base/", r"state/disk/port/", r"state/{port}/port/"],
         {"arrow_batch"}),
    # What metadata means, as a value: shared by every role that reads or changes it. See decision 0001.
    Zone("codec of the catalog", r"state/meta/catalog/.*_codec\.(hpp|cpp)$",
         [r"base/", r"protocol/", r"schemas/", CATALOG], {"capnp"}),
    Zone("catalog", CATALOG, [r"base/", r"protocol/", CATALOG]),
    Zone("disk engine", r"state/(?P<port>disk)/(?P<engine>[^/]+)/", ENGINE, {"posix"}),
    Zone("log engine", r"state/(?P<port>log)/(?P<engine>[^/]+)/", ENGINE, {"arrow", "arrow_batch", "capnp"}),
    Zone("metadata engine on RocksDB", r"state/(?P<port>meta)/(?P<engine>embedded)/", ENGINE, {"rocksdb", "capnp"}),
    Zone("metadata engine on ZooKeeper", r"state/(?P<port>meta)/(?P<engine>zookeeper)/", ENGINE, {"zookeeper", "capnp"}),
    Zone("metadata engine", r"state/(?P<port>meta)/(?P<engine>[^/]+)/", ENGINE, {"capnp"}),
    Zone("key-value engine", r"state/(?P<port>kv|keyed)/(?P<engine>[^/]+)/", ENGINE,
         {"rocksdb", "arrow", "arrow_batch", "capnp"}),
    Zone("remote or lake engine", r"state/(?P<port>remote|lake)/(?P<engine>[^/]+)/", ENGINE,
         {"arrow", "arrow_batch", "parquet", "capnp", "nlohmann"}),
    Zone("runtime", r"runtime/", [r"base/", r"schemas/", r"runtime/"],
         {"caf", "capnp", "asio", "boost", "spdlog", "posix"}),
    # Generated headers stay in the codecs' .cpp files: what they hand out is ours.
    Zone("header of a codec", r"actors/(?P<role>[^/]+)/.*_codec\.hpp$", SHELL, {"arrow", "arrow_batch", "nlohmann"}),
    Zone("codec for clients", r"actors/(?P<role>gateway|console)/.*_codec\.cpp$", SHELL + [r"schemas/"],
         {"capnp", "arrow", "arrow_batch", "nlohmann", "beast", "asio"}),
    Zone("codec", r"actors/(?P<role>[^/]+)/.*_codec\.cpp$", SHELL + [r"schemas/"],
         {"capnp", "arrow", "arrow_batch"}),
    Zone("shell with sockets", r"actors/(?P<role>gateway|console)/.*_actor\.(hpp|cpp)$", SHELL,
         {"caf", "arrow", "arrow_batch", "spdlog", "asio", "beast", "boost", "nlohmann"}),
    Zone("shell", r"actors/(?P<role>[^/]+)/.*_actor\.(hpp|cpp)$", SHELL,
         {"caf", "arrow", "arrow_batch", "spdlog"}),
    # Its pages are JSON: what it decides is what they say. See decision 0001.
    Zone("logic of the console", r"actors/(?P<role>console)/", [r"base/", r"protocol/", TRANSPORT_PORT, PORTS, CATALOG, LOGIC],
         {"arrow", "arrow_batch", "nlohmann"}, {"caf", "capnp", "asio", "beast", "rocksdb"}),
    Zone("logic", r"actors/(?P<role>[^/]+)/", [r"base/", r"protocol/", TRANSPORT_PORT, PORTS, CATALOG, LOGIC],
         {"arrow", "arrow_batch"}, {"caf", "capnp", "asio", "beast", "rocksdb"}),
    Zone("small program", r"apps/(config|agent)/", ANYTHING, ALL - {"test"}, {"caf", "arrow", "arrow_batch", "rocksdb"}),
    Zone("top", r"(apps|scenarios|tests|bench|tools)/", ANYTHING, ALL),
]

# Headers that exist only in the build folder, by what they are made of.
GENERATED = [
    (re.compile(r"(schemas/.*\.capnp)\.h$"), r"\1"),
    (re.compile(r"(protocol/[^/]+)\.pb\.h$"), r"\1.proto"),
    (re.compile(r"(protocol/[^/]+)_generated\.h$"), r"\1.fbs"),
]


def library_of(name):
    for library, pattern in LIBRARIES:
        if re.match(pattern, name):
            return library
    return None


def zone_of(path):
    for zone in ZONES:
        match = re.match(zone.pattern, path)
        if match:
            return zone, match.groupdict()
    return None, {}


def exists(tree, name):
    if (tree.root / name).is_file():
        return True
    for pattern, made_of in GENERATED:
        if pattern.match(name):
            return (tree.root / pattern.sub(made_of, name)).is_file()
    return False


def libraries_within(tree, path):
    """Library -> a way to it, over all files that `path` pulls in."""
    ways, seen, pending = {}, {path}, [(path, path)]
    while pending:
        at, way = pending.pop()
        for include in tree.includes(at):
            if not include.quoted:
                ways.setdefault(library_of(include.name), f"{way} -> <{include.name}>")
            elif include.name not in seen:
                seen.add(include.name)
                if include.name.startswith("schemas/"):
                    ways.setdefault("capnp", f"{way} -> {include.name}")
                elif (tree.root / include.name).is_file():
                    pending.append((include.name, f"{way} -> {include.name}"))
    return ways


def check_includes(tree, path, zone, folders):
    for include in tree.includes(path):
        if include.quoted:
            if not exists(tree, include.name):
                yield Finding(path, include.line, f'"{include.name}" is not a path from the root')
            elif not any(re.match(pattern, include.name) for pattern in folders):
                yield Finding(path, include.line, f"{zone.name} must not include {include.name}")
            continue
        library = library_of(include.name)
        if library is None:
            yield Finding(path, include.line, f"<{include.name}> belongs to no library of tools/check_layers.py")
        elif library not in zone.libraries | EVERYWHERE:
            yield Finding(path, include.line, f"{zone.name} must not know {library} (<{include.name}>)")


def check_file(tree, path):
    zone, caught = zone_of(path)
    if zone is None:
        yield Finding(path, 1, "no zone of tools/check_layers.py holds this file")
        return
    folders = [pattern.format(**caught) if "{port}" in pattern or "{role}" in pattern else pattern
               for pattern in zone.folders]
    direct = list(check_includes(tree, path, zone, folders))
    yield from direct
    # A file that includes wrongly is told that, not also where it leads.
    if zone.unreachable and not direct:
        for library, way in libraries_within(tree, path).items():
            if library in zone.unreachable:
                yield Finding(path, 1, f"{zone.name} must not reach {library}: {way}")


def check(root):
    tree = SourceTree(root)
    files = tree.files(".cpp", ".hpp")
    return [finding for path in files for finding in check_file(tree, path)], len(files)


if __name__ == "__main__":
    found, count = check(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    sys.exit(report("layers", found, f"{count} files"))
