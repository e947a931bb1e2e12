using Lifeboat.Platform.Errors;
using Lifeboat.Repository.Encoding;
using Lifeboat.Storage;

namespace Lifeboat.Repository.Containers;

/// <summary>An object of the repository is damaged, and which and how.</summary>
public sealed class DamagedObjectException : LifeboatException
{
    private const string Advice =
        "Run 'lifeboat check --read-data': it names all damage and every backup and point in time that it hurts.";

    public DamagedObjectException(ObjectName name, DamageKind kind, string cause, Exception? inner = null)
        : base(
            new Failure(ErrorCode.Damaged, "read from the repository", name.Value, Words(kind) + cause, Hint: Advice),
            inner)
    {
        Name = name;
        Kind = kind;
        Detail = cause;
    }

    public ObjectName Name { get; }

    public DamageKind Kind { get; }

    /// <summary>What exactly is wrong, in words.</summary>
    public string Detail { get; }

    /// <summary>
    /// What an exception says about the object that was being read: decoding failures become damage, others stay.
    /// </summary>
    internal static Exception Of(ObjectName name, Exception exception) => exception switch
    {
        DecodingException decoding =>
            new DamagedObjectException(name, DamageKind.Damaged, decoding.Message, decoding),
        System.Text.Json.JsonException json =>
            new DamagedObjectException(name, DamageKind.Damaged, "its document cannot be read", json),
        ForgedFrameException forged =>
            new DamagedObjectException(name, DamageKind.Forged, forged.Message, forged),
        ObjectNotFoundException missing =>
            new DamagedObjectException(name, DamageKind.Missing, "there is no such object", missing),
        UnknownFormatException unknown => new LifeboatException(
            new Failure(
                ErrorCode.UnknownFormat,
                "read from the repository",
                name.Value,
                $"a newer version of Lifeboat wrote it ({unknown.Message})",
                Hint: "Use the version of Lifeboat that wrote this repository, or a newer one."),
            unknown),
        _ => exception,
    };

    private static string Words(DamageKind kind) => kind switch
    {
        DamageKind.Damaged => "damaged: ",
        DamageKind.Missing => "missing: ",
        DamageKind.Swapped => "swapped: ",
        DamageKind.Foreign => "foreign: ",
        DamageKind.Forged => "forged or sealed with another key: ",
        _ => "inconsistent: ",
    };
}
