/**
 * Installs moto's server, other people's AWS, into an environment of Python of its own:
 * https://docs.getmoto.org/en/latest/docs/server_mode.html. Run by itself it prints the folder that holds it.
 */
import { join } from 'node:path'
import { cachedFolder } from './cached-folder.ts'
import { runInstaller } from './run-installer.ts'

const requirement = 'moto[server]==5.2.5'
const remedy = 'apt-get install --no-install-recommends python3-venv'

/** Its programs are run by the folder's `bin/python -m`: their own first lines name another folder. */
export const installMoto = (): Promise<string> =>
  cachedFolder('moto', [requirement], async (folder) => {
    await runInstaller('python3', ['-m', 'venv', folder], remedy)
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement]
    await runInstaller(join(folder, 'bin/python'), pip, 'it needs a package index')
  })

if (import.meta.main) console.log(await installMoto())
