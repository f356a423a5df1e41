"""Whether an agent's Bash command line is covered by its allow-list, and what runs in its place.

Every simple command of the line must match a pattern, wherever it stands; what is not understood is refused.
**Only the line that is printed from the judged tree runs**, so that it does not matter how Bash reads the one
that was given. A pattern promises only which program starts and with which words: what that program does is
its own affair, so `git *` also permits `git -c alias.x='!sh' x`, and `vim *` whatever an editor can run.
Aliases, functions and start-up files of the shell are outside the line: the harness keeps them away.

The path of a line, from text to verdict:

1. `policy.judge` answers at once for an agent that may run anything or nothing, else a `judgement` begins.
2. `reading.parser` reads the text into the tree of `script`. `RefusedError` means that there is no telling
   what the text would run.
3. `commands.wrappers` reads the scripts that `bash -c`, `eval` and the like are given into the tree.
4. `redirections` names files so that none can be a connection, and `variables.scope` says what each variable
   can hold; `export -n` in front keeps the variables of the line from its programs.
5. `judgement` walks over the tree. `patterns` matches commands and files with the list; `commands.builtins`
   and `variables.evaluation` refuse what changes the meaning of later commands and what would be evaluated;
   `commands.wrappers` says which commands and files are inside of a command. The first refusal is the
   verdict.
6. `printing.printer` prints the tree: that runs. `lines` shows it to people, `commands.programs` has notes.

Judging what was printed allows it and prints the same.
"""

from hyperhive.domain.bash.judgement import JudgedCommand
from hyperhive.domain.bash.lines import differs
from hyperhive.domain.bash.policy import Verdict, judge, validate_pattern

__all__ = ["JudgedCommand", "Verdict", "differs", "judge", "validate_pattern"]
