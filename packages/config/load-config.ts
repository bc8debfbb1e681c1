import 'reflect-metadata';
import path from 'node:path';
import { plainToInstance, Transform } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsIP,
  IsNumber,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  validateSync,
} from 'class-validator';
import { ChurnError } from '../contracts';
import { currencies } from '../currencies';
import {
  temporalAddressPattern,
  temporalNamespacePattern,
  temporalSettings,
  type TemporalSettings,
} from './temporal-settings';

const toInteger = Transform(({ value }) =>
  typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : (value as unknown),
);
const toNumber = Transform(({ value }) =>
  typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : (value as unknown),
);
const toList = Transform(({ value }) =>
  typeof value === 'string' ? value.split(',').map((item) => item.trim()) : (value as unknown),
);
const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** Every setting, as an environment variable with its default. README and .env.example list the same. */
class Environment {
  @IsString() CHURN_DATA_DIR = '.local';
  @IsOptional()
  @IsUrl(
    { protocols: ['postgres', 'postgresql'], require_protocol: true, require_tld: false },
    { message: 'it must be a URL that starts with postgres:// or postgresql://' },
  )
  DATABASE_URL?: string;
  @IsOptional()
  @IsUrl(
    { protocols: ['redis', 'rediss'], require_protocol: true, require_tld: false },
    { message: 'it must be a URL that starts with redis:// or rediss://' },
  )
  REDIS_URL?: string;
  @IsOptional()
  @Matches(temporalAddressPattern, { message: 'it must be host:port' })
  TEMPORAL_ADDRESS?: string;
  @IsOptional()
  @Matches(temporalNamespacePattern, {
    message: 'it must consist of letters, digits, "_", "." and "-"',
  })
  TEMPORAL_NAMESPACE?: string;
  @IsOptional() @IsString() TEMPORAL_PROFILE?: string;
  @IsOptional() @IsString() TEMPORAL_CONFIG_FILE?: string;
  @IsOptional()
  @Matches(/^[!-~]+$/, { message: 'it must consist of printable ASCII characters' })
  TEMPORAL_API_KEY?: string;
  @IsOptional()
  @IsIn(['true', 'false', '1', '0'], { message: 'it must be true or false' })
  TEMPORAL_TLS?: string;
  @IsOptional() @IsString() TEMPORAL_TLS_SERVER_NAME?: string;
  @IsOptional() @IsString() TEMPORAL_TLS_SERVER_CA_CERT_PATH?: string;
  @IsOptional() @IsString() TEMPORAL_TLS_SERVER_CA_CERT_DATA?: string;
  @IsOptional() @IsString() TEMPORAL_TLS_CLIENT_CERT_PATH?: string;
  @IsOptional() @IsString() TEMPORAL_TLS_CLIENT_CERT_DATA?: string;
  @IsOptional() @IsString() TEMPORAL_TLS_CLIENT_KEY_PATH?: string;
  @IsOptional() @IsString() TEMPORAL_TLS_CLIENT_KEY_DATA?: string;
  @IsOptional() @IsString() CHURN_IMPORT_DIR?: string;
  @IsIn([...currencies.keys()], {
    message: 'it must be the code of a currency in ISO 4217, in capital letters, such as USD',
  })
  CHURN_CURRENCY = 'USD';
  @toNumber @IsNumber() @Min(0) @Max(100) CHURN_REJECTED_WARN_PERCENT = 1;
  @toNumber @IsNumber() @Min(0) @Max(100) CHURN_REJECTED_FAIL_PERCENT = 20;
  @Matches(/^[\w.:-]+$/, { message: 'it must be a host name or an IP address' })
  CHURN_API_HOST = '127.0.0.1';
  @toList
  @Matches(/^([\w.-]+|\[?[\da-f]*:[\da-f]*:[\da-f:.]*\]?)$/i, {
    each: true,
    message: 'it must be host names or IP addresses, separated by commas, without ports',
  })
  CHURN_API_ALLOWED_HOSTS: readonly string[] = [];
  @toInteger @IsInt() @Min(0) @Max(65_535) CHURN_API_PORT = 0;
  @toInteger @IsInt() @Min(1) @Max(64) CHURN_API_PROCESSES = 1;
  @IsIP(undefined, { message: 'it must be an IP address' })
  CHURN_WORKER_METRICS_HOST = '127.0.0.1';
  @toInteger @IsInt() @Min(0) @Max(65_535) CHURN_WORKER_METRICS_PORT = 0;
  @toInteger @IsInt() @Min(0) @Max(65_535) CHURN_TEMPORAL_UI_PORT = 0;
  @toInteger @IsInt() @Min(128) CHURN_DUCKDB_MEMORY_MB = 1024;
  @toInteger @IsInt() @Min(1) @Max(64) CHURN_DUCKDB_THREADS = 2;
  @toInteger @IsInt() @Min(0) CHURN_CLEANED_FILES_MAX_MB = 10_000;
  @toInteger @IsInt() @Min(1) @Max(100) CHURN_SPOOL_DISK_PERCENT = 90;
  @toInteger @IsInt() @Min(1) CHURN_STALE_AFTER_HOURS = 48;
  @IsIn(logLevels) CHURN_LOG_LEVEL: (typeof logLevels)[number] = 'info';
}

export interface Config {
  /** Absolute path of everything an installation keeps. */
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly temporal: TemporalSettings & {
    /** 0: any free port. */
    readonly uiPort: number;
  };
  readonly importDir: string | undefined;
  /** ISO 4217; one per installation. */
  readonly currency: string;
  /** How many percent of a table's rows a load may reject before it warns, or fails. */
  readonly rejectedLimits: { readonly warnPercent: number; readonly failPercent: number };
  readonly api: {
    readonly host: string;
    /** Names and addresses, besides `host` and those of loopback, that requests may be sent to. */
    readonly allowedHosts: readonly string[];
    /** 0: any free port. All processes serve it. */
    readonly port: number;
    readonly processes: number;
  };
  /** Where the worker serves GET /metrics; an IP address. Port 0: any free port. */
  readonly workerMetrics: { readonly host: string; readonly port: number };
  readonly duckdb: { readonly memoryMegabytes: number; readonly threads: number };
  /** How much is kept of what was cleaned for loads that did not succeed; 0: nothing. */
  readonly cleanedMegabytesMax: number;
  /** No prediction is written to a file while more of the disk is in use, as `df` shows it. */
  readonly spoolDiskPercent: number;
  /** Online features older than this are flagged stale. */
  readonly staleAfterHours: number;
  readonly logLevel: (typeof logLevels)[number];
}

/** Settings without a default. */
const optionalNames = [
  'DATABASE_URL',
  'REDIS_URL',
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_PROFILE',
  'TEMPORAL_CONFIG_FILE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS',
  'TEMPORAL_TLS_SERVER_NAME',
  'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
  'TEMPORAL_TLS_CLIENT_CERT_PATH',
  'TEMPORAL_TLS_CLIENT_CERT_DATA',
  'TEMPORAL_TLS_CLIENT_KEY_PATH',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'CHURN_IMPORT_DIR',
];

export const settingNames: readonly string[] = Object.keys(
  plainToInstance(Environment, Object.fromEntries(optionalNames.map((name) => [name, ''])), {
    exposeDefaultValues: true,
  }),
).sort();

/** Where Temporal's tools look for their configuration file, if TEMPORAL_CONFIG_FILE names none. */
const homes = ['HOME', 'XDG_CONFIG_HOME', 'APPDATA'];

/**
 * The settings of an environment; an empty variable counts as absent.
 *
 * @throws ChurnError INVALID_SETTING naming the variable and the rule, never the value.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const presentOf = (names: readonly string[]) =>
    Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  const present = presentOf(settingNames);
  const parsed = plainToInstance(Environment, present, { exposeDefaultValues: true });
  const [first] = validateSync(parsed);
  if (first) {
    const problem = Object.values(first.constraints ?? {})
      .map((rule) => rule.replace(first.property, 'it'))
      .join('; ');
    throw new ChurnError('INVALID_SETTING', { variable: first.property, problem });
  }
  return toConfig(parsed, temporalSettings({ ...present, ...presentOf(homes) }));
}

function toConfig(parsed: Environment, temporal: TemporalSettings): Config {
  return Object.freeze({
    dataDir: path.resolve(parsed.CHURN_DATA_DIR),
    databaseUrl: parsed.DATABASE_URL,
    redisUrl: parsed.REDIS_URL,
    temporal: { ...temporal, uiPort: parsed.CHURN_TEMPORAL_UI_PORT },
    importDir: parsed.CHURN_IMPORT_DIR && path.resolve(parsed.CHURN_IMPORT_DIR),
    currency: parsed.CHURN_CURRENCY,
    rejectedLimits: {
      warnPercent: parsed.CHURN_REJECTED_WARN_PERCENT,
      failPercent: parsed.CHURN_REJECTED_FAIL_PERCENT,
    },
    api: {
      host: parsed.CHURN_API_HOST,
      allowedHosts: parsed.CHURN_API_ALLOWED_HOSTS,
      port: parsed.CHURN_API_PORT,
      processes: parsed.CHURN_API_PROCESSES,
    },
    workerMetrics: {
      host: parsed.CHURN_WORKER_METRICS_HOST,
      port: parsed.CHURN_WORKER_METRICS_PORT,
    },
    duckdb: {
      memoryMegabytes: parsed.CHURN_DUCKDB_MEMORY_MB,
      threads: parsed.CHURN_DUCKDB_THREADS,
    },
    cleanedMegabytesMax: parsed.CHURN_CLEANED_FILES_MAX_MB,
    spoolDiskPercent: parsed.CHURN_SPOOL_DISK_PERCENT,
    staleAfterHours: parsed.CHURN_STALE_AFTER_HOURS,
    logLevel: parsed.CHURN_LOG_LEVEL,
  });
}
