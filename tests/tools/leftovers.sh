#!/bin/sh
# leftovers.sh: fail where a file of the tree holds an unfinished word or a path of somebody's machine.
#
# A pattern is written with brackets so that it does not find itself.
set -eu

none_of() { # none_of WHAT PATTERN
    if git grep --untracked -nIE "$2" -- .; then
        echo "$1 above: mend it, or file an issue and say it there." >&2
        exit 1
    fi
}

none_of "Unfinished words" '\b(TOD[O]|FIXM[E]|XX[X])\b'
none_of "Paths of one machine" '/(wor[k]|roo[t])/[a-z]|\.\./share[d]'
