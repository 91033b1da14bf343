# Completion of import-station for bash, made by: import-station completion bash
#
# What the line or the station says is never expanded: no eval, no `compgen -W`, no word without quotes. It reads
# COMP_LINE and not COMP_WORDS, which readline has torn at each of COMP_WORDBREAKS (`@` of an address, `:` of a bay).

# Sets what can follow the words of a command: its commands; its options and, for each, where its value comes from (empty
# where it takes none); where its arguments come from.
_import_station_command() {
  commands=() options=() values=() arguments=()
  case $1 in
    # COMMANDS
  esac
}

# Takes the line before the cursor apart as the shell would, without expanding anything. Sets words (without their
# quotes), the last one as it was typed (raw), and the quote that is open in it (quote).
_import_station_split() {
  local line=${COMP_LINE:0:COMP_POINT} word='' character at
  words=() raw='' quote=''
  for ((at = 0; at < ${#line}; at++)); do
    character=${line:at:1}
    raw+=$character
    case $quote$character in
      [\'\"])
        quote=$character
        ;;
      \'\' | \"\")
        quote=''
        ;;
      \\ | \"\\)
        at=$((at + 1))
        raw+=${line:at:1}
        word+=${line:at:1}
        ;;
      [[:space:]])
        [[ $raw = "$character" ]] || words+=("$word")
        word='' raw=''
        ;;
      *)
        word+=$character
        ;;
    esac
  done
  words+=("$word")
}

# Sets source: where the value of this option comes from; empty where it takes none.
_import_station_value() {
  local at
  source=''
  for at in "${!options[@]}"; do
    [[ ${options[at]} != "$1" ]] || source=${values[at]}
  done
}

# Offers words that begin like the current one. Arguments: what stands before each in the same word, the words.
_import_station_offer() {
  local before=$1 kept=${raw:0:${#raw}-${#replaced}} word quoted
  shift
  for word in "$@"; do
    [[ -n $word && ${before,,}${word,,} = "${current,,}"* ]] || continue
    case $quote in
      \')
        quoted=\'${word//\'/\'\\\'\'}
        ;;
      \")
        # History expansion knows no way to quote it there.
        [[ $word != *!* ]] || continue
        quoted=${word//\\/\\\\}
        quoted=${quoted//\"/\\\"}
        quoted=${quoted//\$/\\\$}
        quoted=\"${quoted//\`/\\\`}
        ;;
      *)
        printf -v quoted %q "$word"
        ;;
    esac
    quoted=$before$quoted
    # Readline keeps what stands before its last word break.
    [[ $quoted != "$kept"* ]] || COMPREPLY+=("${quoted:${#kept}}")
  done
}

# Offers what comes from a source. Arguments: what stands before each word, the source.
_import_station_offer_from() {
  local found=() asked=()
  case $2 in
    files)
      compopt -o default 2>/dev/null
      ;;
    folders)
      compopt -o dirnames 2>/dev/null
      ;;
    'words '*)
      read -ra found <<<"${2#words }"
      ;;
    'station '*)
      [[ -z $config ]] || asked=(--config "$config")
      mapfile -t found < <(import-station complete "${2#station }" "${asked[@]}" 2>/dev/null </dev/null)
      ;;
  esac
  _import_station_offer "$1" "${found[@]}"
}

_import_station() {
  local IFS=$' \t\n' words raw quote commands options values arguments source='' flag='' config='' path='' word current
  local place=0 only_arguments='' replaced
  COMPREPLY=()
  _import_station_split
  replaced=${2-$raw}
  current=${words[-1]}
  _import_station_command ''
  for word in "${words[@]:1:${#words[@]}-2}"; do
    if [[ -n $source ]]; then
      [[ $flag != --config ]] || config=${word/#'~/'/"$HOME/"}
      source=''
    elif [[ -n $only_arguments ]]; then
      place=$((place + 1))
    elif [[ $word = -- ]]; then
      only_arguments=yes
    elif [[ $word = --config=* ]]; then
      config=${word#--config=}
      config=${config/#'~/'/"$HOME/"}
    elif [[ $word = -* ]]; then
      flag=$word
      _import_station_value "$flag"
    elif [[ " ${commands[*]} " = *" $word "* ]]; then
      path+=${path:+ }$word
      _import_station_command "$path"
    else
      place=$((place + 1))
    fi
  done
  if [[ -n $source ]]; then
    _import_station_offer_from '' "$source"
  elif [[ -z $only_arguments && $current = --*=* ]]; then
    flag=${current%%=*}
    _import_station_value "$flag"
    _import_station_offer_from "$flag=" "$source"
  elif [[ -z $only_arguments && $current = -* ]]; then
    _import_station_offer '' "${options[@]/#-[!-]*/}"
  elif ((${#commands[@]} > 0)); then
    _import_station_offer '' "${commands[@]}"
  elif ((place < ${#arguments[@]})); then
    _import_station_offer_from '' "${arguments[place]}"
  elif [[ -z $only_arguments ]]; then
    _import_station_offer '' "${options[@]/#-[!-]*/}"
  fi
}

complete -F _import_station import-station
