/**
 * ISO 4217, list one of the maintenance agency (SIX) as published on 2024-06-25, with the changes up
 * to 2026: every code that has a minor unit, by the decimals of that. Codes without one (gold, special
 * drawing rights, tests) are left out. Withdrawn ones of the last years stay, because histories have
 * them: ANG, BGN, BYR, CUC, HRK, LTL, LVL, EEK, MRO, SLL, STD, VEF, ZMK and ZWL.
 */
const codesByDigits: Readonly<Record<number, string>> = {
  0: 'BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
    CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EEK EGP ERN ETB EUR FJD FKP GBP
    GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP
    LKR LRD LSL LTL LVL MAD MDL MGA MKD MMK MNT MOP MRO MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
    NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD
    SSP STD STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VEF VES WST XAD
    XCD XCG YER ZAR ZMK ZMW ZWG ZWL`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const digitsOf = new Map<string, number>();
for (const [digits, codes] of Object.entries(codesByDigits)) {
  for (const code of codes.split(/\s+/)) digitsOf.set(code, Number(digits));
}

/** Every code, with the decimals of its amounts. */
export const currencies: ReadonlyMap<string, number> = digitsOf;

/**
 * How many decimals the amounts of a currency have: 2 for USD, 0 for JPY, 3 for KWD. Undefined for what
 * is no currency of ISO 4217.
 */
export function minorUnitDigits(currency: string): number | undefined {
  return currencies.get(currency);
}
