/** pullpass completion: prints a script that calls pullpass for the candidates. */
import { showValue } from '../document/show-value.ts'
import type { Command } from './command-line/command.ts'
import { usageFault } from './command-line/flag.ts'

/** Splits the line itself, since bash also splits words at "=" and ":". https://www.gnu.org/software/bash/manual: Programmable Completion */
const bash = `# bash completion for pullpass; load it with: source <(pullpass completion bash)
_pullpass() {
  local line="\${COMP_LINE:0:COMP_POINT}" cur candidate out
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  cur="\${words[-1]}"
  out="$("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)" || return
  local -a candidates
  mapfile -t candidates <<<"$out"
  local directive="\${candidates[-1]}"
  unset 'candidates[-1]'
  local kept="\${cur%"\${cur##*[=:]}"}"
  COMPREPLY=()
  for candidate in "\${candidates[@]}"; do
    candidate="\${candidate%%$'\\t'*}"
    COMPREPLY+=("\${candidate#"$kept"}")
  done
  if [[ $directive == :0 && \${#COMPREPLY[@]} -eq 0 ]]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "\${cur#"$kept"}")
  fi
}
complete -F _pullpass pullpass
`

/** https://zsh.sourceforge.io/Doc/Release/Completion-System.html */
const zsh = `#compdef pullpass
# zsh completion for pullpass; load it with: source <(pullpass completion zsh), after compinit,
# or write it to a file _pullpass in a folder of $fpath
_pullpass() {
  local -a lines described
  local line directive
  lines=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  directive="\${lines[-1]}"
  lines=("\${(@)lines[1,-2]}")
  if [[ $directive == :0 && -z "\${lines[*]}" ]]; then
    _files
    return
  fi
  for line in "\${lines[@]}"; do
    [[ -n $line ]] && described+=("\${\${line%%$'\\t'*}//:/\\\\:}\${\${line#*$'\\t'}:+:\${line#*$'\\t'}}")
  done
  _describe pullpass described
}
if [[ "\${funcstack[1]}" == _pullpass ]]; then
  _pullpass "$@"
else
  compdef _pullpass pullpass
fi
`

/** https://fishshell.com/docs/current/completions.html */
const fish = `# fish completion for pullpass; load it with: pullpass completion fish | source
function __pullpass_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l lines ($words[1] __complete $words[2..] $cur 2>/dev/null)
    set -l directive $lines[-1]
    set -e lines[-1]
    if test "$directive" = :0; and test (count $lines) -eq 0
        __fish_complete_path $cur
    else
        printf '%s\\n' $lines
    end
end
complete -c pullpass -f -a '(__pullpass_complete)'
`

/** kubectl runs it with the words after the plugin's name. https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/ */
const kubectl = `#!/bin/sh
# Completion of "kubectl pullpass"; write it to a file kubectl_complete-pullpass on the PATH, and make it executable
exec kubectl-pullpass __complete "$@"
`

const scripts: ReadonlyMap<string, string> = new Map(Object.entries({ bash, zsh, fish, kubectl }))

export const completion: Command = {
  usage: ['completion SHELL'],
  details: [
    'SHELL is bash (4.4 or newer), zsh, fish or kubectl. The script calls pullpass for commands, flags and their values.',
    'kubectl runs its script to complete "kubectl pullpass".',
    '',
    'Examples:',
    '  source <(pullpass completion bash)            (in ~/.bashrc; the same for zsh in ~/.zshrc)',
    '  pullpass completion fish | source             (in ~/.config/fish/config.fish)',
    '  pullpass completion kubectl > ~/bin/kubectl_complete-pullpass && chmod +x ~/bin/kubectl_complete-pullpass',
  ].join('\n'),
  life: 'one-shot',
  connects: 'never',
  positionals: [...scripts.keys()],
  flags: {},

  async run({ positionals: [shell, more], terminal }) {
    const script = shell === undefined || more !== undefined ? undefined : scripts.get(shell)
    if (script === undefined) {
      const seen = shell === undefined ? 'SHELL is missing' : `unknown shell ${showValue(more ?? shell)}`
      throw usageFault('completion', seen, `one of ${[...scripts.keys()].join(', ')}`)
    }
    terminal.print(script.trimEnd())
    return 0
  },
}
