using Lifeboat.Repository.Maps;

namespace Lifeboat.Engine.Backup.Physical;

/// <summary>What became of one unit.</summary>
/// <param name="Extents">In order; empty when the file vanished or the unit has no content.</param>
/// <param name="Length">Bytes of content.</param>
/// <param name="Crc">CRC-32C of the content.</param>
/// <param name="IsGone">The file vanished before it was opened.</param>
internal sealed record CopyResult(CopyUnit Unit, ExtentEntry[] Extents, int Length, uint Crc, bool IsGone);
