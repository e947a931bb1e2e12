namespace Lifeboat.Postgres.Server;

/// <summary>What pg_control holds and never changes, as the server tells it.</summary>
/// <param name="BlockSize">Bytes of a page.</param>
/// <param name="RelSegSize">Pages of a relation's segment file.</param>
public sealed record ControlFacts(uint CatalogVersion, int BlockSize, uint RelSegSize, bool HasDataChecksums)
{
    public static Task<ControlFacts> ReadAsync(ServerSession session, CancellationToken cancel) => session.SingleAsync(
        "ask the server about its control file",
        """
        SELECT (SELECT catalog_version_no::int8 FROM pg_catalog.pg_control_system()),
               database_block_size::int4, blocks_per_segment::int8, data_page_checksum_version::int8
        FROM pg_catalog.pg_control_init()
        """,
        row => new ControlFacts(
            checked((uint)row.GetInt64(0)), row.GetInt32(1), checked((uint)row.GetInt64(2)), row.GetInt64(3) != 0),
        cancel);
}
