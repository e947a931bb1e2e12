namespace Lifeboat.Repository.Containers;

/// <summary>The payload of a frame before it is sealed, so that packing can be spread over threads.</summary>
/// <param name="Bytes">Compressed, or the plaintext itself.</param>
/// <param name="PlainLength">Bytes of the plaintext.</param>
internal readonly record struct FramePayload(ReadOnlyMemory<byte> Bytes, int PlainLength, bool Compressed);
