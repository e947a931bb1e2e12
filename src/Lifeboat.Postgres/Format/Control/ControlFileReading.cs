using System.Buffers.Binary;
using Lifeboat.Platform.Checksums;
using Lifeboat.Platform.Errors;

namespace Lifeboat.Postgres.Format.Control;

/// <summary>What came of reading pg_control: the control file, or the one reason why there is none.</summary>
/// <param name="Control">Not null exactly when <paramref name="Fault"/> is None.</param>
/// <param name="PgControlVersion">As read, zero when there were not even that many bytes.</param>
/// <param name="CatalogVersion">As read, zero when there were not even that many bytes.</param>
public readonly record struct ControlFileReading(
    ControlFileFault Fault,
    ControlFile? Control,
    uint PgControlVersion,
    uint CatalogVersion)
{
    /// <summary>
    /// Reads the bytes of a whole pg_control; never throws. A torn read gives
    /// <see cref="ControlFileFault.ChecksumMismatch"/>, upon which the caller reads the file again.
    /// </summary>
    public static ControlFileReading Of(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < ControlFileLayout.CatalogVersionOffset + sizeof(uint))
        {
            return new ControlFileReading(ControlFileFault.TooShort, Control: null, 0, 0);
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[ControlFileLayout.PgControlVersionOffset..]);
        var catalog = BinaryPrimitives.ReadUInt32LittleEndian(bytes[ControlFileLayout.CatalogVersionOffset..]);
        var fault = Read(bytes, version, catalog, out var control);
        return new ControlFileReading(fault, control, version, catalog);
    }

    /// <summary>The control file, or an exception that says why there is none.</summary>
    /// <param name="path">Where the bytes came from, for the message.</param>
    /// <exception cref="LifeboatException">
    /// Damaged for TooShort, ChecksumMismatch and Implausible; Mismatch for the byte order; UnknownFormat for versions.
    /// </exception>
    public ControlFile Require(string path) => Control ?? throw new LifeboatException(ToFailure(path));

    private static ControlFileFault Read(ReadOnlySpan<byte> bytes, uint version, uint catalog, out ControlFile? control)
    {
        control = null;
        var layout = ControlFileLayout.Of(version);
        if (layout is null)
        {
            return ControlFileLayout.Of(BinaryPrimitives.ReverseEndianness(version)) is null
                ? ControlFileFault.UnknownControlVersion
                : ControlFileFault.ForeignByteOrder;
        }

        if (bytes.Length < layout.Size)
        {
            return ControlFileFault.TooShort;
        }

        if (Crc32C.Compute(bytes[..layout.Crc]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[layout.Crc..]))
        {
            return ControlFileFault.ChecksumMismatch;
        }

        if (!TryGetMajor(catalog, version, out var major))
        {
            return ControlFileFault.UnknownCatalogVersion;
        }

        control = ControlFileDecoder.Decode(bytes, layout, catalog, major);
        return control is null ? ControlFileFault.Implausible : ControlFileFault.None;
    }

    private static bool TryGetMajor(uint catalog, uint version, out int major) =>
        Format.Control.CatalogVersion.TryGetMajor(catalog, out major)
        && Format.Control.CatalogVersion.ControlVersionOfMajor(major) == version;

    private Failure ToFailure(string path)
    {
        var (code, cause, hint) = Fault switch
        {
            ControlFileFault.TooShort => (
                ErrorCode.Damaged, "the file is too short", "restore the file from a backup"),
            ControlFileFault.ForeignByteOrder => (
                ErrorCode.Mismatch,
                "it was written by a machine of the other byte order",
                "work on a machine of the same kind as the server's: data files cannot be moved between them"),
            ControlFileFault.UnknownControlVersion => (
                ErrorCode.UnknownFormat,
                $"its version {PgControlVersion} is not that of PostgreSQL 13 to 18",
                "use a version of this program that knows this PostgreSQL"),
            ControlFileFault.UnknownCatalogVersion => (
                ErrorCode.UnknownFormat,
                $"catalog version {CatalogVersion} is not that of a released PostgreSQL 13 to 18",
                "beta and development builds are not supported; use a version of this program that knows this one"),
            ControlFileFault.ChecksumMismatch => (
                ErrorCode.Damaged,
                "its checksum does not hold",
                "read it again if the server runs; if that does not help, the file is damaged"),
            _ => (
                ErrorCode.Damaged,
                "its checksum holds, but a field has a value that PostgreSQL never writes",
                "check which program wrote this file"),
        };
        return new Failure(
            code,
            "read pg_control",
            path,
            cause,
            Transient: Fault == ControlFileFault.ChecksumMismatch,
            hint);
    }
}
