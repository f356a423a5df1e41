"""Usual programs that start others or write files by their own options: what patterns let them do besides.

A pattern decides which program starts and with which words, not what the program makes of them. Every example
creates the file `f`, by running `touch f` or by writing it.
"""

import re
import shlex
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from hyperhive.domain.bash.commands.arguments import program_name
from hyperhive.domain.bash.patterns import Pattern, compile_patterns
from hyperhive.domain.bash.script import Word, literal_word

RUNNING: Final = (
    "awk 'BEGIN { system(\"touch f\") }'",
    "cargo run",
    "cargo build --config 'build.rustc-wrapper = \"./x\"'",
    "cargo test --config 'build.rustc-wrapper = \"./x\"'",
    "cmake -E touch f",
    "direnv exec . touch f",
    "docker run -v .:/x alpine touch /x/f",
    "docker exec web touch f",
    "docker compose exec web touch f",
    "emacs --batch --eval '(shell-command \"touch f\")'",
    "fd -x touch f",
    "gawk 'BEGIN { system(\"touch f\") }'",
    "gh alias set --shell x 'touch f'",
    "gh extension exec x",
    "git -c alias.x='!touch f' x",
    "git bisect run touch f",
    "git clone --upload-pack='touch f;' . y",
    "git config core.fsmonitor 'touch f;'",
    "git difftool --no-prompt --extcmd='touch f #' HEAD~",
    "git fetch --upload-pack='touch f;' .",
    "git grep --open-files-in-pager='touch f #' .",
    "git ls-remote --upload-pack='touch f;' .",
    "git pull --upload-pack='touch f;' .",
    "git push --receive-pack='touch f;' . HEAD:y",
    "git rebase --exec='touch f' --root",
    "git submodule foreach 'touch ../f'",
    "go build -toolexec='touch f' .",
    "go generate",
    "go run .",
    "go test -exec='touch f'",
    "hyperfine 'touch f'",
    "kubectl exec web -- touch f",
    "less '+!touch f' x",
    "make --eval='y:; touch f' y",
    "man --pager='touch f' ls",
    "mysql -e 'system touch f'",
    "nix develop -c touch f",
    "nix run .#x",
    "nix shell -c touch f",
    "node -e \"require('child_process').execSync('touch f')\"",
    "npm exec -c 'touch f'",
    "npm install",
    "npm run x",
    "npm test --script-shell=./x",
    "npx -c 'touch f'",
    "nvim --headless -c '!touch f' -c q",
    "perl -e 'system \"touch f\"'",
    "php -r 'system(\"touch f\");'",
    "pip install ./x",
    "pnpm exec touch f",
    "poetry run touch f",
    "psql -c '\\! touch f'",
    "python -c 'import os; os.system(\"touch f\")'",
    "python3 -c 'import os; os.system(\"touch f\")'",
    "rg --pre ./x . x",
    "rsync -e 'touch f' x host:x",
    "ruby -e 'system \"touch f\"'",
    "scp -o ProxyCommand='touch f' x host:x",
    "sed '1e touch f' x",
    "split --filter='touch f' x",
    "sqlite3 :memory: '.shell touch f'",
    "ssh -o ProxyCommand='touch f' host",
    "tar -cf /dev/null --checkpoint=1 --checkpoint-action=exec='touch f' .",
    "uv run touch f",
    "vi -es -c '!touch f' -c q",
    "vim -es -c '!touch f' -c q",
    "wget --use-askpass=./x http://localhost",
    "yarn exec touch f",
    "zip -T -TT 'touch f' x.zip x",
)
WRITING: Final = (
    "curl -o f file:///dev/null",
    "dd of=f count=0",
    "git archive --output=f HEAD",
    "git diff --output=f",
    "git format-patch --output=f --root",
    "git log --output=f",
    "git show --output=f",
    "iconv -o f x",
    "openssl rand -out f 1",
    "patch -o f x x.patch",
    "sed 'w f' x",
    "shuf -o f x",
    "tar -cf f x",
    "tee f",
    "tree -o f",
    "uniq x f",
    "wget -O f http://localhost",
    "xxd x f",
)
_ENVIRONMENT: Final = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*=\S* +)*")


def notes(words: Sequence[Word], pattern: Pattern | None) -> tuple[str, ...]:
    """What the pattern that covers a command also lets its program do."""
    found = None if pattern is None or pattern.exact else note(pattern.source, words[0].text or "")
    return () if found is None else (found,)


@lru_cache(maxsize=512)
def note(source: str, program: str) -> str | None:
    """A sentence on what else a pattern, as the operator wrote it, lets a program do; None for `*`."""
    text = _ENVIRONMENT.sub("", source.strip(), count=1)
    if text.startswith("*"):
        return None
    patterns = compile_patterns((text,))
    for examples, does in ((RUNNING, "run other programs"), (WRITING, "write files")):
        for example in examples:
            name, *arguments = shlex.split(example)
            command = [literal_word(word) for word in (program, *arguments)]
            if name == program_name(program) and patterns.command(command) is not None:
                return f"`{source.strip()}` also lets {name} {does} (`{example}`)."
    return None
