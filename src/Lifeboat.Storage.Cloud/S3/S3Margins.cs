namespace Lifeboat.Storage.Cloud.S3;

/// <summary>Times and sizes that are not a user's to choose, each with its reason.</summary>
internal static class S3Margins
{
    /// <summary>A host that does not answer the first packet in this time is not there.</summary>
    internal static readonly TimeSpan Connect = TimeSpan.FromSeconds(10);

    /// <summary>A request that asks for no content; a store under load takes seconds, one that hangs for ever.</summary>
    internal static readonly TimeSpan Request = TimeSpan.FromSeconds(30);

    /// <summary>Beside that, for each MiB that is sent or received: 1 MB/s is the slowest line that is of use.</summary>
    internal static readonly TimeSpan EachMegabyte = TimeSpan.FromSeconds(1);

    /// <summary>An upload in parts whose writer has said nothing for so long is nobody's.</summary>
    internal static readonly TimeSpan Abandoned = TimeSpan.FromDays(1);

    /// <summary>Amazon's least is 5 MiB; ten thousand parts of this are 78 GiB, more than any object of a repository.</summary>
    internal const int PartSize = 8 << 20;

    /// <summary>Parts of one object that are sent at a time: 24 MiB of memory for each writer.</summary>
    internal const int MostParts = 3;

    internal static TimeSpan For(long bytes) => Request + (EachMegabyte * (bytes / (double)(1 << 20)));
}
