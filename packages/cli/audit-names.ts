/** The stores that `churn audit` compares with what they must hold. */
export const auditNames = ['raw', 'offline', 'online', 'models'] as const;

export type AuditName = (typeof auditNames)[number];
