import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Of the namespace that a machine starts with: PROC_PID_INIT_INO in include/linux/proc_ns.h. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

/**
 * Where the pids that this process sees are valid: the name of the machine and, in a container, the
 * number of its pid namespace. Containers with the network of their machine share its name, and each
 * has a process with pid 1.
 */
export function processHost(pidNamespace = pidNamespaceOfThisProcess()): string {
  const number = /^pid:\[(\d+)\]$/.exec(pidNamespace ?? '')?.[1];
  if (number === undefined || pidNamespace === FIRST_PID_NAMESPACE) return hostname();
  return `${hostname()}-${number}`;
}

/** Undefined where the system has no such namespaces, or does not show them. */
function pidNamespaceOfThisProcess(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return undefined;
  }
}
