namespace Lifeboat.Repository.Encoding;

/// <summary>Bytes do not have the form that the format gives them. Whoever knows the object turns it into a failure.</summary>
public sealed class DecodingException(string message, Exception? inner = null) : Exception(message, inner);
