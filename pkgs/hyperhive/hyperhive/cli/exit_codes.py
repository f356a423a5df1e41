"""What every command ends with; `--help` prints this table."""

from typing import Final

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
REFUSED: Final = 4
INTERRUPTED: Final = 130

TABLE: Final = """exit codes:
  0    done
  1    failed; the reason is one line on standard error: hyperhive: KEY: MESSAGE
  2    wrong usage
  3    no broker answers
  4    explain: the command would be refused
  130  interrupted"""
