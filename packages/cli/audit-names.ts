/** The stores that `churn audit` compares with what they must hold. */
export const auditNames = ['raw', 'offline', 'online', 'models'] as const;

export type AuditName = (typeof auditNames)[number];

/** Those of them that `churn repair` mends. */
export const repairNames = ['raw', 'offline', 'online'] as const satisfies readonly AuditName[];

export type RepairName = (typeof repairNames)[number];
