/**
 * Installs moto's server, other people's AWS: https://docs.getmoto.org/en/latest/docs/server_mode.html. Run by itself it
 * prints the folder that holds it, where it is `bin/python -m moto.server`.
 */
import { pythonEnvironment } from './python-environment.ts'

export const installMoto = (): Promise<string> => pythonEnvironment('moto', 'moto[server]==5.2.5')

if (import.meta.main) console.log(await installMoto())
