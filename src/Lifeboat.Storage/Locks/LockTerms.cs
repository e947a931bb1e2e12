using System.Globalization;

namespace Lifeboat.Storage.Locks;

/// <summary>
/// What a repository promises of its locks. Time is cut into <b>epochs</b> of a quarter of the duration. Every lock ends at
/// the end of an epoch: what is put in an epoch is locked until two epochs and the duration behind its begin. So each object
/// needs one renewal in each later epoch, and has a whole epoch for it before less than the duration is left (decision 0040).
/// </summary>
/// <param name="Mode">Who may end a lock before its time.</param>
/// <param name="Duration">For how long what is needed is locked at least, at any time; whole seconds.</param>
public sealed record LockTerms(LockMode Mode, TimeSpan Duration)
{
    private const string Feature = "object-lock";
    private const int Epochs = 4;
    private const int DoubtfulShare = 8;

    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(4);

    /// <summary>Ten years: in mode compliance a mistake cannot be undone.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(3660);

    /// <summary>How long one renewal serves.</summary>
    public TimeSpan Epoch => TimeSpan.FromSeconds(Seconds);

    private long Seconds => Math.Max(1, (long)Duration.TotalSeconds / Epochs);

    /// <summary>The number of the epoch in which a moment lies.</summary>
    public long EpochOf(DateTimeOffset time) => time.ToUnixTimeSeconds() / Seconds;

    /// <summary>Until when is locked what is put or renewed at this time.</summary>
    public DateTimeOffset UntilFrom(DateTimeOffset time) => EndOf(EpochOf(time) + 1) + Duration;

    /// <summary>
    /// Until when an object is locked at least that the store dates so and that was never renewed: an epoch less than
    /// <see cref="UntilFrom"/>, since the date may be that of the end of an upload that began in the epoch before.
    /// </summary>
    public DateTimeOffset SurelyUntil(DateTimeOffset put) => UntilFrom(put) - Epoch;

    /// <summary>Whether an object that the store dates so is to be renewed now, unless this epoch's renewal has been.</summary>
    public bool IsDue(DateTimeOffset put, DateTimeOffset now) => EpochOf(put - (Epoch / DoubtfulShare)) < EpochOf(now);

    /// <summary>As a feature of the repository's record: <c>object-lock:governance:2592000</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Feature}:{Word(Mode)}:{(long)Duration.TotalSeconds}");

    /// <summary>Null when the text is no such feature.</summary>
    public static LockTerms? TryParse(string text) =>
        text.Split(':') is [Feature, var mode, var seconds]
            && long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var duration)
            && duration >= (long)Shortest.TotalSeconds && duration <= (long)Longest.TotalSeconds
            && ModeOf(mode) is { } known
                ? new LockTerms(known, TimeSpan.FromSeconds(duration))
                : null;

    public static string Word(LockMode mode) => mode == LockMode.Compliance ? "compliance" : "governance";

    private static LockMode? ModeOf(string word) => word switch
    {
        "governance" => LockMode.Governance,
        "compliance" => LockMode.Compliance,
        _ => null,
    };

    private DateTimeOffset EndOf(long epoch) => DateTimeOffset.FromUnixTimeSeconds((epoch + 1) * Seconds);
}
