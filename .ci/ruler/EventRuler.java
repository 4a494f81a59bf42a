import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.Ruler;

/** Reads lines of an event, a tab and a pattern, both in JSON. Prints for each line whether the event matches. */
public class EventRuler {
  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    StringBuilder results = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] parts = line.split("\t", 2);
      results.append(Ruler.matchesRule(parts[0], parts[1])).append('\n');
    }
    System.out.print(results);
  }
}
