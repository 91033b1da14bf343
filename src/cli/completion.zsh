#compdef import-station
# Completion of import-station for zsh, made by: import-station completion zsh
#
# What the line or the station says is never evaluated; compadd quotes what reaches the line.

# Offers a list of the station. Argument: its name.
_import-station+list() {
  local -a expl found asked
  local config=${(Q)opt_args[--config]-}
  [[ -z $config ]] || asked=(--config "${config/#\~\//$HOME/}")
  found=("${(@f)$(import-station complete "$1" "${asked[@]}" 2>/dev/null </dev/null)}")
  found=("${(@)found:#}")
  _wanted "$1" expl "${1%s}" compadd -M 'm:{a-zA-Z}={A-Za-z}' -a - found
}

# COMMANDS
# Loaded by compinit, the file is the function's body; read by `source`, it only names the function.
if [[ ${funcstack[1]-} = _import-station ]]; then
  _import-station "$@"
else
  compdef _import-station import-station
fi
