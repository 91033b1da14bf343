# Completion of import-station for fish, made by: import-station completion fish
#
# What the line or the station says is never evaluated; fish quotes what reaches the line.

# Is the command of the line this one? With a second argument: with so many arguments before the cursor.
function __import_station_at -a wanted count
    set -l tokens (commandline -opc)
    set -e tokens[1]
    set -l path ''
    set -l place 0
    set -l skips 0
    set -l only_arguments 0
    for token in $tokens
        if test $skips = 1
            set skips 0
        else if test $only_arguments = 1
            set place (math $place + 1)
        else if test "$token" = --
            set only_arguments 1
        else if string match -q -- '-*' "$token"
            __import_station_takes "$path" "$token"; and set skips 1
        else if __import_station_is_command (string trim -- "$path $token")
            set path (string trim -- "$path $token")
        else
            set place (math $place + 1)
        end
    end
    test "$path" = "$wanted"; or return 1
    test -z "$count"; or test "$place" = "$count"
end

# The words of a list of the station. Argument: its name.
function __import_station_list -a list
    set -l asked
    set -l is_next 0
    for token in (commandline -opc)
        if test $is_next = 1
            set asked --config "$token"
            set is_next 0
        else if test "$token" = --config
            set is_next 1
        else if string match -q -- '--config=*' "$token"
            set asked --config (string replace -- '--config=' '' "$token")
        end
    end
    if set -q asked[2]
        set asked[2] (string replace -r -- '^~/' "$HOME/" "$asked[2]")
    end
    import-station complete $list $asked 2>/dev/null </dev/null
end

# COMMANDS
