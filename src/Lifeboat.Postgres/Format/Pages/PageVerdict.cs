namespace Lifeboat.Postgres.Format.Pages;

/// <summary>What can be said of a page from its bytes and its place alone.</summary>
public enum PageVerdict
{
    /// <summary>All zero: allocated and never written. PostgreSQL takes it as it is.</summary>
    New,

    /// <summary>The checksum holds and the header makes sense.</summary>
    Valid,

    /// <summary>The checksum does not hold: a page read while it was written, or damage.</summary>
    ChecksumMismatch,

    /// <summary>The header is not one that PostgreSQL writes.</summary>
    ImplausibleHeader,

    /// <summary>The header says never initialised, but the page is not all zero.</summary>
    NewButNotZero,
}
