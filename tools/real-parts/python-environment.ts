/** A Python virtual environment with one package, outside the repository. */
import { join } from 'node:path'
import { cachedFolder } from './cached-folder.ts'
import { runInstaller } from './run-installer.ts'

const remedy = 'apt-get install --no-install-recommends python3-venv'

/** Its folder. Run programs with `bin/python -m`: the shebang lines of scripts name the temporary folder. */
export const pythonEnvironment = (name: string, requirement: string): Promise<string> =>
  cachedFolder(name, [requirement], async (folder) => {
    await runInstaller('python3', ['-m', 'venv', folder], remedy)
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement]
    await runInstaller(join(folder, 'bin/python'), pip, 'it needs a package index')
  })
