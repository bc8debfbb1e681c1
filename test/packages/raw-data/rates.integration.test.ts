import { importFolderUnless, previewImport } from '../../../packages/raw-data/import-folder';
import {
  createRawDataFixture,
  csv,
  NOW,
  ONE_USER,
  rejectedRows,
  type RawDataFixture,
} from './raw-data-fixture';

let fixture: RawDataFixture;
beforeAll(async () => {
  fixture = await createRawDataFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

const BILLS = 'event_id,user_id,event_type,amount,currency,event_time';
const RATES = 'date,currency,rate';
const ENOUGH = { acceptRejected: true };

const euros = (...rows: string[]) =>
  csv(BILLS, ...rows.map((row) => `${row.replace(' ', ',u1,charge_succeeded,')}`));

async function amounts(): Promise<Record<string, unknown>> {
  const rows = await fixture.database.sql<{ id: string; amount: number; currency: string }[]>`
    SELECT event_id AS id, amount_cents AS amount, currency FROM raw_data.billing_events`;
  return Object.fromEntries(rows.map(({ id, amount, currency }) => [id, `${amount} ${currency}`]));
}

describe('a folder with rates', () => {
  const monday = { rates: csv(RATES, '2025-03-03,EUR,1.5', '2025-03-03,JPY,0.0067') };
  const bills = euros('b1 10,EUR,2025-03-03', 'b2 1000,JPY,2025-03-04', 'b3 5,USD,2025-03-04');

  it('has its amounts in the installation’s currency, and is listed with its rates', async () => {
    const report = await fixture.load({ users: ONE_USER, billing_events: bills, ...monday });
    expect(report).toMatchObject({ loaded: { billing_events: 3 } });
    expect(report.warnings.map(({ code }) => code)).not.toContain('settled_rates');
    expect(report.files.map(({ path: file, table }) => `${file} ${table}`)).toEqual([
      'users.csv users',
      'billing_events.csv billing_events',
      'rates.csv rates',
    ]);
    expect(await amounts()).toEqual({ b1: '1500 USD', b2: '670 USD', b3: '500 USD' });
  });

  it('has the same amounts when it is sent again, whatever later folders say of the same days', async () => {
    await fixture.load({ users: ONE_USER, billing_events: bills, ...monday });
    const before = await amounts();
    const later = { rates: csv(RATES, '2025-03-03,EUR,1.6', '2025-03-04,JPY,0.0068') };
    for (const rates of [monday, later, {}]) {
      const report = await fixture.load({ users: ONE_USER, billing_events: bills, ...rates });
      expect(report).toMatchObject({ batch: null, unchanged: { billing_events: 3 } });
      expect(report.warnings.map(({ code, count }) => [code, count])).toEqual(
        rates === later ? [['settled_rates', 1]] : [],
      );
    }
    expect(await amounts()).toEqual(before);
    // New rows of these days have the rates of the others; later days have their own.
    const more = euros('b4 10,EUR,2025-03-03', 'b5 1000,JPY,2025-03-04', 'b6 1000,JPY,2025-03-05');
    await fixture.load({ users: ONE_USER, billing_events: more, ...later });
    expect(await amounts()).toEqual({ ...before, b4: '1500 USD', b5: '670 USD', b6: '680 USD' });
  });

  it('settles the rates of its accepted days alone, exactly', async () => {
    const rates = csv(RATES, '2025-03-03,EUR,0.123456789012345678', '2025-03-10,EUR,2');
    const rows = euros('b1 10,EUR,2025-03-05', 'b2 0.001,EUR,2025-03-06', 'b3 1,EUR,2025-02-01');
    await fixture.load({ users: ONE_USER, billing_events: rows, rates }, ENOUGH);
    const settled = await fixture.database.sql`
      SELECT from_currency, day::text, rate::text, rate_day::text, batch FROM raw_data.settled_rates`;
    expect([...settled]).toEqual([
      {
        from_currency: 'EUR',
        day: '2025-03-05',
        rate: '0.123456789012345678',
        rate_day: '2025-03-03',
        batch: 1,
      },
    ]);
    expect(await rejectedRows(fixture.database)).toEqual([
      'billing_events.csv:2 sub_cent_amount',
      'billing_events.csv:3 other_currency',
    ]);
    await fixture.load({ users: ONE_USER, billing_events: euros('b4 10,EUR,2025-03-05') });
    expect(await amounts()).toMatchObject({ b1: '123 USD', b4: '123 USD' });
  });

  it('takes the rates that another load has settled in the meantime', async () => {
    await fixture.load({ users: ONE_USER });
    let times = 0;
    const report = await importFolderUnless(
      {
        database: fixture.database,
        folder: fixture.write({ users: ONE_USER, billing_events: bills, ...monday }),
        scratchDir: fixture.scratchDir,
        openDuckDb: fixture.openDuckDb,
        currency: 'USD',
        arrival: 'assumed',
        now: () => NOW,
        rejectedLimits: { warnPercent: 1, failPercent: 20 },
      },
      {
        isDone: async () => {
          times += 1;
          await fixture.database.sql`
            INSERT INTO raw_data.settled_rates
            VALUES ('USD', 'EUR', '2025-03-03', 1.25, '2025-03-03', 1) ON CONFLICT DO NOTHING`;
          return false;
        },
        record: async () => {},
      },
    );
    expect(times).toBe(2);
    expect(report).toMatchObject({ batch: 2, loaded: { billing_events: 3 } });
    expect(await amounts()).toMatchObject({ b1: '1250 USD' });
  });

  it.each([
    ['data row 2: the rate is 0', '2025-03-03,EUR,1', '2025-03-03,GBP,0'],
    ['data row 1: the currency is not a code of ISO 4217', '2025-03-03,XYZ,1'],
  ])('is refused as a whole for a rate that can’t be used: %s', async (problem, ...rows) => {
    const files = { users: ONE_USER, billing_events: bills, rates: csv(RATES, ...rows) };
    await expect(fixture.load(files)).rejects.toMatchObject({
      code: 'INVALID_IMPORT',
      message: `Nothing was imported: rates.csv, ${problem}.`,
    });
    expect(await fixture.database.sql`SELECT FROM raw_data.users`).toHaveLength(0);
  });

  it('is previewed as it would be loaded, and settles nothing then', async () => {
    await fixture.load({ users: ONE_USER });
    const preview = await previewImport({
      database: fixture.database,
      folder: fixture.write({ billing_events: bills, ...monday }),
      scratchDir: fixture.scratchDir,
      openDuckDb: fixture.openDuckDb,
      currency: 'USD',
      arrival: 'assumed',
      now: () => NOW,
      rejectedLimits: { warnPercent: 1, failPercent: 20 },
    });
    expect(preview).toMatchObject({
      loaded: { billing_events: 3 },
      dry_run: { columns: { 'rates.csv': ['date', 'currency', 'rate'] } },
    });
    expect(await fixture.database.sql`SELECT FROM raw_data.settled_rates`).toHaveLength(0);
  });

  it('is none with nothing but rates, and is asked about rates under another name', async () => {
    await fixture.load({ users: ONE_USER });
    await expect(fixture.load({ ...monday })).rejects.toThrow('it holds rates.csv');
    const rate = monday.rates;
    const folder = fixture.write({ users: ONE_USER, ...({ rate } as object) });
    await expect(fixture.load({}, { folder })).rejects.toThrow('did you mean rates?');
  });

  it('is refused where a column is missing, by name', async () => {
    const files = { users: ONE_USER, rates: csv('date,currency', '2025-03-03,EUR') };
    await expect(fixture.load(files)).rejects.toThrow('rates.csv has no column rate');
  });
});
