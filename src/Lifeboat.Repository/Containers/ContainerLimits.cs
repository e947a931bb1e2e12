namespace Lifeboat.Repository.Containers;

/// <summary>Bounds of the format. A reader checks a declared length against them before it allocates.</summary>
public static class ContainerLimits
{
    /// <summary>Plaintext of a body frame, bytes.</summary>
    public const int BodyPlaintext = 1 << 20;

    /// <summary>Plaintext of the directory frame, bytes.</summary>
    public const int DirectoryPlaintext = 16 << 20;

    internal const int HeaderSize = 128;
    internal const int FooterSize = 32;
    internal const int FramePrefixSize = 12;
    internal const int TagSize = 16;
    internal const int FrameOverhead = FramePrefixSize + TagSize + sizeof(uint);

    /// <summary>The least bytes that a whole container can have.</summary>
    internal const int LeastObject = HeaderSize + FrameOverhead + FooterSize;
}
