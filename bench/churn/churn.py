#!/usr/bin/env python3
"""What a series of incremental backups stores and what a restore reads, for several sizes of extents and frames.

A real server (bench/churn/run starts it) takes real load; after each stretch it checkpoints and its relation files are read
page by page. What a backup would store follows from the rules of docs/format/repository-v0.md, section 6; every byte that
counts as stored was compressed with zstd. Prints a table and writes JSON.
"""
import collections, ctypes, hashlib, json, os, subprocess, sys, time

PAGE, OVERLAYS = 8192, 4
EXTENTS = {"64 KiB": 8, "128 KiB": 16, "256 KiB": 32}
FRAMES = {"128 KiB": 1 << 17, "256 KiB": 1 << 18, "1 MiB": 1 << 20}
ZSTD = ctypes.CDLL("libzstd.so.1")
ZSTD.ZSTD_compress.restype = ctypes.c_size_t
BOUND = 2 << 20
OUT = ctypes.create_string_buffer(BOUND)


def packed(plain):
    return ZSTD.ZSTD_compress(OUT, BOUND, bytes(plain), len(plain), 3) + 32


class Repository:
    """Extents with a base and overlays; frames of a size. Knows sizes, not content."""

    def __init__(self, pages_per_extent, frame_size, overlaid):
        self.pages, self.frame_size, self.overlaid = pages_per_extent, frame_size, overlaid
        self.frames, self.open, self.pending = [], bytearray(), 0  # packed size of each frame
        self.plain = []
        self.extents = {}  # (file, number) -> [base frame, [(mask, frame)]]

    def put(self, content):
        if len(self.open) + len(content) > self.frame_size:
            self.close()
        self.open += content
        return len(self.frames)

    def close(self):
        if self.open:
            self.frames.append(packed(self.open))
            self.plain.append(len(self.open))
            self.open = bytearray()

    def backup(self, changed, read):
        """changed: {(file, extent): mask}; returns stored data and metadata bytes."""
        before, metadata = sum(self.frames), 0
        for key in sorted(changed):
            mask, length = changed[key], len(read(*key))
            pages = (length + PAGE - 1) // PAGE
            entry = self.extents.get(key)
            if entry and self.overlaid:
                live, seen = [], mask
                for old, frame in reversed(entry[1]):
                    if old & ~seen:
                        live.insert(0, (old, frame))
                        seen |= old
                stored = seen if len(live) + 1 > OVERLAYS else mask
                if 2 * bin(stored).count("1") <= pages:
                    content = read(*key)
                    loose = b"".join(content[at * PAGE:(at + 1) * PAGE] for at in range(pages) if stored >> at & 1)
                    frame = self.put(loose)
                    entry[1] = ([] if stored != mask else live) + [(stored, frame)]
                    metadata += 13 + 20 * bin(stored).count("1")
                    continue
            frame = self.put(read(*key))
            self.extents[key] = [frame, []]
            metadata += 24 + 20 * pages
        self.close()
        return sum(self.frames) - before, metadata

    def restore(self):
        """Compressed bytes that a restore of the last backup reads, frame by frame, each once."""
        needed = set()
        for base, overlays in self.extents.values():
            needed.add(base)
            needed.update(frame for _, frame in overlays)
        return sum(self.frames[frame] for frame in needed)


class Cluster:
    """The relation files of a data directory, page by page."""

    def __init__(self, root):
        self.root, self.tags, self.files = root, {}, {}

    def scan(self):
        """The pages that differ from the last scan: {file: [page numbers]}."""
        changed, tags = {}, {}
        base = os.path.join(self.root, "base")
        for folder, _, names in os.walk(base):
            for name in names:
                if not name.split(".")[0].isdigit() or not os.path.getsize(os.path.join(folder, name)):
                    continue
                path = os.path.relpath(os.path.join(folder, name), base)
                with open(os.path.join(base, path), "rb") as file:
                    content = file.read()
                self.files[path] = content
                now = [hashlib.blake2b(content[at:at + PAGE], digest_size=8).digest() for at in range(0, len(content), PAGE)]
                then = self.tags.get(path, [])
                pages = [at for at, tag in enumerate(now) if at >= len(then) or tag != then[at]]
                if pages:
                    changed[path] = pages
                tags[path] = now
        self.tags = tags
        return changed


def measure(name, cluster, load, repetitions):
    variants = {(extent, frame, overlaid): Repository(EXTENTS[extent], FRAMES[frame], overlaid)
                for extent in EXTENTS for frame in FRAMES for overlaid in (True, False)}
    results = collections.defaultdict(list)
    for turn in range(repetitions + 1):
        if turn:
            load(turn)
        changed = cluster.scan()
        pages = sum(len(one) for one in changed.values())
        for (extent, frame, overlaid), repository in variants.items():
            size = EXTENTS[extent]
            masks = collections.defaultdict(int)
            for path, numbers in changed.items():
                for number in numbers:
                    masks[path, number // size] |= 1 << number % size
            step = size * PAGE
            data, metadata = repository.backup(
                masks, lambda path, number: cluster.files[path][number * step:(number + 1) * step])
            results[extent, frame, overlaid].append((pages, len(masks), data, metadata))
        print(f"{name}: backup {turn}: {pages} pages", file=sys.stderr, flush=True)
    rows = []
    for (extent, frame, overlaid), backups in results.items():
        later = backups[1:]
        rows.append({
            "load": name, "extent": extent, "frame": frame, "overlays": overlaid,
            "full": backups[0][2], "fullMetadata": backups[0][3],
            "changedPages": sum(one[0] for one in later), "changedExtents": sum(one[1] for one in later),
            "incremental": sum(one[2] for one in later), "metadata": sum(one[3] for one in later),
            "restore": variants[extent, frame, overlaid].restore()})
    return rows


def main():
    data, scratch, out = sys.argv[1:4]
    scale = int(os.environ.get("CHURN_SCALE", "20"))

    def sql(text, database="postgres"):
        subprocess.run(["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text], check=True,
                       stdout=subprocess.DEVNULL)

    def bench(*options):
        subprocess.run(["pgbench", "-n", "-c", "4", "-j", "1", *options, "bench"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    hot = os.path.join(scratch, "hot.sql")
    with open(hot, "w") as file:
        file.write("\\set aid random_gaussian(1, 100000 * :scale, 40)\n\\set delta random(-5000, 5000)\n"
                   "UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;\n")

    def quiet():
        sql("CHECKPOINT")

    def tpcb(turn):
        bench("-t", str(25 * scale))
        quiet()

    def busy(turn):
        bench("-t", str(200 * scale))
        quiet()

    def hot_set(turn):
        bench("-t", str(200 * scale), "-f", hot, "-D", f"scale={scale}")
        quiet()

    def vacuum(turn):
        bench("-t", str(50 * scale))
        sql("VACUUM pgbench_accounts", "bench")
        quiet()

    rows = []
    for name, size, load, repetitions in [
        (f"TPC-B, scale {scale}, {100 * scale} transactions each", scale, tpcb, 6),
        (f"TPC-B, scale {scale}, {800 * scale} each", scale, busy, 3),
        (f"TPC-B, scale {scale // 4}, {100 * scale} each", scale // 4, tpcb, 6),
        (f"hot set, scale {scale}, {800 * scale} updates each", scale, hot_set, 6),
        (f"TPC-B with VACUUM, scale {scale}, {200 * scale} each", scale, vacuum, 3),
    ]:
        sql("DROP DATABASE IF EXISTS bench")
        sql("CREATE DATABASE bench")
        subprocess.run(["pgbench", "-iq", "-s", str(size), "bench"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        quiet()
        rows += measure(name, Cluster(data), load, repetitions)
    with open(out, "w") as file:
        json.dump({"zstd": 3, "overlays": OVERLAYS, "rows": rows}, file, indent=1)
    print("| load | extent | frame | overlays | full | incrementals | their metadata | restore reads |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['load']} | {row['extent']} | {row['frame']} | {'yes' if row['overlays'] else 'no'} "
              f"| {row['full'] / 1e6:.1f} | {row['incremental'] / 1e6:.2f} | {row['metadata'] / 1e6:.2f} "
              f"| {row['restore'] / 1e6:.1f} |")


main()
