using System.Text.Json;

namespace Lifeboat.Tests.Postgres.Recovery;

/// <summary>What the program's documents hold.</summary>
internal static class JsonReading
{
    internal static string Text(this JsonElement document, string property) =>
        document.GetProperty(property).GetString()
        ?? throw new InvalidOperationException($"{property} is null in {document}");

    internal static string[] Texts(this JsonElement document, string property) =>
        [.. document.GetProperty(property).EnumerateArray().Select(item => item.GetString()!)];

    internal static long Number(this JsonElement document, string property) =>
        document.GetProperty(property).GetInt64();
}
