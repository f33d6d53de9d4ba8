# Completes kubectl-secctx in bash: "source" this file, or let bash-completion find it.
# It needs nothing but bash, 3.2 or newer. What may stand where is asked of the program itself.

_kubectl_secctx() {
    # Readline cuts words at = and : too, and the program is to see them whole.
    local rest=${COMP_LINE:0:COMP_POINT} piece index
    local -a words=()
    for ((index = 0; index <= COMP_CWORD; index++)); do
        piece=${COMP_WORDS[index]}
        if ((index == 0)) || [[ $rest == [[:blank:]]* ]]; then
            rest=${rest#"${rest%%[![:blank:]]*}"}
            words[${#words[@]}]=
        fi
        # The last piece ends where the cursor is.
        ((index < COMP_CWORD)) || piece=$rest
        rest=${rest#"$piece"}
        words[${#words[@]} - 1]+=$piece
    done

    # What quotes are around, without expanding anything.
    local -a plain=()
    for piece in "${words[@]}"; do
        plain[${#plain[@]}]=${piece//[\"\'\\]/}
    done
    local word=${plain[${#plain[@]} - 1]} program=${1/#\~/$HOME} answer
    answer=$("$program" __complete "${plain[@]:1}" 2>/dev/null) || return 0
    local directive=${answer##*:} candidate
    answer=${answer%:*}

    # Of the word, readline replaces what is behind the last = or : only.
    local typed=$word kept=
    if [[ $word == -*=* ]]; then
        typed=${word#*=}
        [[ $COMP_WORDBREAKS == *=* ]] || kept=${word%"$typed"}
    fi
    local cut=
    if [[ $COMP_WORDBREAKS == *:* && $typed == *:* ]]; then
        cut=${typed%"${typed##*:}"}
    fi

    COMPREPLY=()
    if ((directive & 8)); then
        compopt -o filenames 2>/dev/null
        while IFS= read -r candidate; do
            [[ -d $candidate || -z $candidate ]] || COMPREPLY[${#COMPREPLY[@]}]=$kept$candidate
        done < <(while IFS= read -r piece; do
            [[ -z $piece ]] || compgen -f -X "!*.$piece" -- "$typed"
        done <<<"$answer")
        _kubectl_secctx_folders
    elif ((directive & 16)); then
        compopt -o filenames 2>/dev/null
        _kubectl_secctx_folders
    elif ! ((directive & 4)); then
        compopt -o filenames 2>/dev/null
        while IFS= read -r candidate; do
            COMPREPLY[${#COMPREPLY[@]}]=$kept$candidate
        done < <(compgen -f -- "$typed")
    else
        while IFS= read -r candidate; do
            candidate=${candidate%%$'\t'*}
            if [[ -n $candidate && $candidate == "$typed"* ]]; then
                COMPREPLY[${#COMPREPLY[@]}]=$kept${candidate#"$cut"}
            fi
        done <<<"$answer"
        ((directive & 2)) && compopt -o nospace 2>/dev/null
        ((directive & 32)) && compopt -o nosort 2>/dev/null
    fi
    return 0
}

# Adds the folders that begin as $typed does.
_kubectl_secctx_folders() {
    local folder
    while IFS= read -r folder; do
        COMPREPLY[${#COMPREPLY[@]}]=$kept$folder
    done < <(compgen -d -- "$typed")
}

complete -F _kubectl_secctx kubectl-secctx
