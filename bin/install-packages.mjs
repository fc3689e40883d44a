// Installs the npm packages when they are missing or don't match the lockfile. Runs before there are any packages, so
// it needs Node alone: no TypeScript, no import but Node's own.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import process from 'node:process'

const oldestNode = [20, 19]
const reminderMs = 10_000

/** Ends the process with a clear message when this Node is too old for the project. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [wantedMajor = 0, wantedMinor = 0] = oldestNode
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return
  console.error(`CDSA needs Node ${oldestNode.join('.')} or newer; this is Node ${process.versions.node}.`)
  process.exit(1)
}

/** @param {string} file @returns {Record<string, {version?: string, optional?: boolean, peer?: boolean, dev?: boolean, devOptional?: boolean, link?: boolean}> | undefined} */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/**
 * Whether node_modules holds what the lockfile wants, told by the copy that npm keeps of what it installed. Comparing
 * times instead would install anew after every checkout of another branch.
 * @param {string} root
 */
export function packagesAreCurrent(root) {
  const wanted = readPackages(join(root, 'package-lock.json'))
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'))
  if (installed === undefined) return false
  if (wanted === undefined) return true
  const omitsDev = process.env.NODE_ENV === 'production'
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.link === true) return true
    const found = installed[path]
    if (found !== undefined) return found.version === entry.version
    // npm leaves out what is for other systems, and in production what is for development.
    return entry.optional === true || (omitsDev && (entry.dev === true || entry.devOptional === true))
  })
}

/** The npm that runs this script, else the one on PATH. */
function npmCommand() {
  const running = process.env.npm_execpath
  if (running !== undefined && basename(running).startsWith('npm')) return [process.execPath, running]
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm']
}

/**
 * Ends the process with npm's exit code when the installation fails.
 * @param {string} root
 */
export async function installPackages(root) {
  if (packagesAreCurrent(root)) return
  const verb = existsSync(join(root, 'package-lock.json')) ? 'ci' : 'install'
  const startedAt = Date.now()
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`
  console.log(`Installing the npm packages (npm ${verb}) …`)
  const reminder = setInterval(() => console.log(`  still installing, ${seconds()}`), reminderMs)
  const [command = 'npm', ...first] = npmCommand()
  const child = spawn(command, [...first, verb, '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(127))
    child.once('exit', (status, signal) => resolve(signal === null ? status : 1))
  })
  clearInterval(reminder)
  if (code !== 0) {
    console.error(`npm ${verb} failed after ${seconds()} (exit code ${code}).`)
    process.exit(Number(code))
  }
  console.log(`Installed the npm packages in ${seconds()}.`)
}
