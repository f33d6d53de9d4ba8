# Completes kubectl-secctx in fish: put this file into ~/.config/fish/completions.
# What may stand where is asked of the program itself.

function __kubectl_secctx_candidates
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l answer ($program __complete $words "$word" 2>/dev/null)
    set -l directive (string replace -rf -- '^:(\d+)$' '$1' "$answer[-1]")
    or return
    set -e answer[-1]

    # Candidates for the value of a flag come without the flag.
    set -l flag (string match -r -- '^-[^=]*=' "$word")
    set -l typed (string replace -r -- '^-[^=]*=' '' "$word")

    if test (math "bitand($directive, 8)") -ne 0
        set -l endings (string join '|' -- $answer)
        set answer (__fish_complete_path "$typed" | string match -r -- "^[^\t]*(?:/|\.(?:$endings))(?:\t.*)?\$")
    else if test (math "bitand($directive, 16)") -ne 0
        set answer (__fish_complete_directories "$typed")
    else if test (math "bitand($directive, 4)") -eq 0
        set answer (__fish_complete_path "$typed")
    end
    if set -q answer[1]
        printf '%s\n' "$flag"$answer
    end
end

complete -c kubectl-secctx -f -k -a '(__kubectl_secctx_candidates)'
