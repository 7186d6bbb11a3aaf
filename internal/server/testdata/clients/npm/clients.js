// Drives a server with the clients that Microsoft publishes for JavaScript, unmodified: the address and the credential
// are all that differs from what their documentation shows. It ends with an error at the first surprise.
import assert from "node:assert/strict";
import { LogsQueryClient, LogsQueryResultStatus } from "@azure/monitor-query-logs";
import { Client, ClientRequestProperties, KustoConnectionStringBuilder } from "azure-kusto-data";

const address = process.env.NORDLYS_URL;
const token = process.env.NORDLYS_TOKEN;
const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3600_000 }) };
const workspace = "d4c9cf2d-0d24-4c40-9c3f-8b6dbb1b2f5f";

async function logs() {
  const client = new LogsQueryClient(credential, { endpoint: address + "/v1" });
  const day = { startTime: new Date("2026-03-10T00:00:00Z"), endTime: new Date("2026-03-11T00:00:00Z") };

  let result = await client.queryWorkspace(workspace,
    "SigninLogs | take 1 | project TimeGenerated, d = dynamic({'a': [1, 2]}), s = dynamic('text'), n = 1", day,
    { includeQueryStatistics: true, includeVisualization: true, serverTimeoutInSeconds: 60 });
  assert.equal(result.status, LogsQueryResultStatus.Success);
  assert.deepEqual(result.tables[0].columnDescriptors.map((c) => c.type), ["datetime", "dynamic", "dynamic", "long"]);
  const row = result.tables[0].rows[0];
  assert.ok(row[0] instanceof Date);
  assert.equal(row[0].toISOString().slice(0, 13), "2026-03-10T09");
  assert.deepEqual(row.slice(1), [{ a: [1, 2] }, "text", 1]);
  assert.ok(result.statistics.query.executionTime > 0);

  result = await client.queryWorkspace(workspace, "SigninLogs | count", { duration: "PT1H" });
  assert.deepEqual(result.tables[0].rows, [[0]]);

  await assert.rejects(client.queryWorkspace(workspace, "SigninLogs | wher x", day), (e) => e.statusCode === 400 && e.code === "BadArgumentError");

  result = await client.queryWorkspace(workspace, "range x from 1 to 600000 step 1", day);
  assert.equal(result.status, LogsQueryResultStatus.PartialFailure);
  assert.equal(result.partialError.code, "PartialError");
  assert.equal(result.partialTables[0].rows.length, 500000);

  const batch = await client.queryBatch([
    { workspaceId: workspace, query: "SigninLogs | count", timespan: day },
    { workspaceId: workspace, query: "nonsense |", timespan: day },
    { workspaceId: workspace, query: "print x = 1", timespan: day, includeQueryStatistics: true },
  ]);
  assert.equal(batch.length, 3);
  assert.deepEqual(batch[0].tables[0].rows, [[3]]);
  assert.equal(batch[1].status, LogsQueryResultStatus.PartialFailure); // the client calls every error in a batch so
  assert.equal(batch[1].partialError.code, "BadArgumentError");
  assert.deepEqual(batch[2].tables[0].rows, [[1]]);
}

async function kusto() {
  const client = new Client(KustoConnectionStringBuilder.withAccessToken(address, token));
  let response = await client.execute("db", "print t = datetime(2026-03-10T09:00:00Z), s = 1h, n = 5, d = dynamic([1])");
  let row = response.primaryResults[0].rows().next().value;
  assert.equal(row.t.toISOString(), "2026-03-10T09:00:00.000Z");
  assert.equal(row.s, 3600_000);
  assert.equal(row.n, 5);

  const properties = new ClientRequestProperties();
  properties.setTimeout(1000 * 60);
  properties.setParameter("who", "a@contoso.com");
  properties.setParameter("n", 7);
  response = await client.execute("db", "declare query_parameters(who: string, n: long); SigninLogs | where UserPrincipalName == who | project UserPrincipalName, n", properties);
  assert.deepEqual(response.primaryResults[0].toJSON().data, [{ UserPrincipalName: "a@contoso.com", n: 7 }]);

  response = await client.executeQueryV1("db", "SigninLogs | project UserPrincipalName | order by UserPrincipalName asc; print b = true");
  assert.equal(response.primaryResults.length, 2);
  assert.equal(response.primaryResults[0].toJSON().data.length, 3);

  response = await client.execute("db", ".show tables");
  assert.deepEqual(response.primaryResults[0].toJSON().data.map((t) => t.TableName), ["LAQueryLogs", "SigninLogs"]);
  response = await client.execute("db", ".show database schema as json");
  assert.ok(JSON.parse([...response.primaryResults[0].rows()][0].DatabaseSchema).Databases.db.Tables.SigninLogs);

  await assert.rejects(client.execute("db", "SigninLogs | where Nothing == 1"), (e) => e.response.status === 400 && e.response.data.error.innererror.code === "SEM0100");
  const few = new ClientRequestProperties();
  few.setOption("truncationmaxrecords", 10);
  await assert.rejects(client.execute("db", "range x from 1 to 100 step 1", few), /E_QUERY_RESULT_SET_TOO_LARGE/);

  const progressive = new ClientRequestProperties();
  progressive.setOption("results_progressive_enabled", true);
  progressive.raw = true;
  const frames = await client.execute("db", "range x from 1 to 3000 step 1", progressive);
  assert.deepEqual(frames.map((f) => f.FrameType), ["DataSetHeader", "DataTable", "TableHeader", "TableFragment", "TableFragment", "TableProgress", "TableCompletion", "DataTable", "DataSetCompletion"]);

  const bad = new Client(KustoConnectionStringBuilder.withAccessToken(address, "nlt_wrong"));
  await assert.rejects(bad.execute("db", "print 1"), (e) => e.response.status === 401);
}

await logs();
await kusto();
process.exit(0); // the clients keep connections
