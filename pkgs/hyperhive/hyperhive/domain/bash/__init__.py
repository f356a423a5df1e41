"""Whether an agent's Bash command line is covered by its allow-list, and the path of a line to its verdict.

Every simple command of the line must match a pattern, wherever it stands; what cannot be read with certainty
is refused. A pattern promises only which program starts and with which words: what that program does is its
own affair, so `git *` also permits `git -c alias.x='!sh' x`, and `vim *` whatever an editor can run.
Aliases, functions and start-up files of the shell are outside the line: the harness keeps them away.

The path of a line, from text to verdict:

1. `policy.judge` answers at once for an agent that may run anything or nothing, else it starts an evaluator.
2. `parser.parse_script` has tree-sitter propose a tree and walks over it. On the way `layout` checks what
   stands between the words (tokens, comments, blanks, here-documents) and `words` reads every word again by
   Bash's own quoting rules; what runs inside a word is walked over in its turn.
3. Out come the values of `script`: simple commands, redirections, and refusals of what no list can permit.
   `RefusedError` instead of them means that there is no telling what the text would run.
4. `policy` holds each command against the list, which `patterns` compiled.
5. `builtins` refuses what changes the meaning of later commands, and conditions that evaluate an operand.
6. `wrappers` says what a command such as `env` or `bash -c` runs besides itself: a command goes back to
   step 4, a script to step 2.
7. `policy` holds the files of redirections against the list; the first refusal is the verdict.

`layout`, `words` and `parser` read text and the tree; the others see only the values of `script`.
"""

from hyperhive.domain.bash.policy import JudgedCommand, Verdict, judge, validate_pattern

__all__ = ["JudgedCommand", "Verdict", "judge", "validate_pattern"]
